#include "store/piecewise_fetch.hpp"

#include <algorithm>
#include <new>

#include "base/stop.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"

namespace ociferry {

namespace {

/// True for local failures, for which another connection does not help.
bool is_local_failure(ErrorCode code) {
  return code == ErrorCode::Space || code == ErrorCode::Io || code == ErrorCode::Internal;
}

ErrorCode code_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return error.code();
  } catch (...) {
    return ErrorCode::Internal;
  }
}

}  // namespace

Help PieceBoard::help() noexcept {
  PiecewiseFetch* blob = nullptr;
  std::optional<Piece> piece;
  try {
    const std::lock_guard lock(mutex_);
    if (closed_) return Help::Never;
    for (auto next = blobs_.begin(); next != blobs_.end() && !piece; ++next) {
      blob = *next;
      piece = blob->claim_for_helper();
    }
  } catch (const std::bad_alloc&) {
    return Help::NotNow;  // the stream fetches what is not claimed
  }
  if (!piece) return Help::NotNow;
  blob->fetch(*piece);  // `blob` waits for it
  return Help::Given;
}

void PieceBoard::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void PieceBoard::add(PiecewiseFetch& blob) {
  const std::lock_guard lock(mutex_);
  if (!closed_) blobs_.push_back(&blob);
}

void PieceBoard::remove(PiecewiseFetch& blob) {
  const std::lock_guard lock(mutex_);
  std::erase(blobs_, &blob);
}

/// Ends the source where a piece begins.
class PiecewiseFetch::Stream : public ByteSink {
 public:
  explicit Stream(PiecewiseFetch& fetch) : fetch_(fetch) {}

  void write(Bytes bytes) override {
    bool is_enough = false;
    {
      const std::lock_guard lock(fetch_.mutex_);
      const std::uint64_t limit = fetch_.map_.stream_limit();
      const std::uint64_t left = limit - fetch_.map_.front();
      // Bytes beyond the blob's end are passed on, and refused there.
      if (limit < fetch_.blob_.size && bytes.size() >= left) {
        bytes = bytes.first(static_cast<std::size_t>(left));
        is_enough = true;
      }
      fetch_.map_.advance(std::min<std::uint64_t>(left, bytes.size()));
    }
    if (!bytes.empty()) fetch_.verified_.write(bytes);
    if (is_enough) throw Enough();
  }

 private:
  PiecewiseFetch& fetch_;
};

class PiecewiseFetch::PieceSink : public ByteSink {
 public:
  PieceSink(PiecewiseFetch& fetch, const Piece& piece) : fetch_(fetch), piece_(piece), at_(piece.begin) {}

  void write(Bytes bytes) override {
    if (at_ == piece_.begin) begin();
    if (bytes.size() > piece_.end - at_) {
      throw Error(ErrorCode::Corrupt,
                  text::cat(fetch_.from_.name_of(fetch_.blob_.digest), ": more bytes arrived than were requested"));
    }
    fetch_.place_.write(at_, bytes);
    at_ += bytes.size();
    count(static_cast<std::int64_t>(bytes.size()));
  }
  [[nodiscard]] bool is_full() const noexcept { return at_ == piece_.end; }
  void take_back() { count(-static_cast<std::int64_t>(at_ - piece_.begin)); }

 private:
  void begin() {
    const std::lock_guard lock(fetch_.mutex_);
    if (!fetch_.map_.begin(piece_)) throw Enough();
    fetch_.divided_ = true;
  }
  void count(std::int64_t bytes) {
    fetch_.moved_ += bytes;
    if (bytes != 0) fetch_.progress_.advance(bytes);
  }

  PiecewiseFetch& fetch_;
  const Piece piece_;
  std::uint64_t at_;
};

void PiecewiseFetch::InOrder::write(Bytes bytes) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  switch (from) {
    case From::EarlierRun:
      fetch_.skipped_ += size;
      fetch_.progress_.skip(size);
      break;
    case From::Stream:
      fetch_.place_.write(at_, bytes);
      fetch_.moved_ += size;
      fetch_.progress_.advance(size);
      break;
    case From::Piece: break;
  }
  at_ += bytes.size();
}

void PiecewiseFetch::InOrder::update(Hasher& hasher, Bytes bytes) {
  fetch_.place_.hash(hashed_, bytes, hasher);
  hashed_ += bytes.size();
}

PiecewiseFetch::PiecewiseFetch(const BlobPlace& place, std::uint64_t there, const Descriptor& blob, BlobSource& from,
                               PieceBoard& board, Progress& progress, const std::stop_token& stop)
    : place_(place),
      there_(there),
      blob_(blob),
      from_(from),
      board_(board),
      progress_(progress),
      map_(blob.size, there, board.rules_),
      in_order_(*this),
      verified_(in_order_, blob, from.name_of(blob.digest), place.medium.is_summed() ? &in_order_ : nullptr),
      forward_(stop, [this] { stop_.request_stop(); }),
      forward_pieces_(stop_.get_token(), [this] { pieces_stop_.request_stop(); }) {}

void PiecewiseFetch::run() {
  try {
    fetch_in_order();
    leave();
    verified_.finish();
  } catch (...) {
    std::exception_ptr failure = std::current_exception();
    stop_.request_stop();
    leave();
    // Report another thread's failure instead of the stop that it caused.
    if (failure_ && code_of(failure) == ErrorCode::Interrupted) failure = failure_;
    if (divided_ && code_of(failure) == ErrorCode::Corrupt) board_.close();
    progress_.skip(-skipped_);
    progress_.advance(-moved_);
    std::rethrow_exception(failure);
  }
}

void PiecewiseFetch::fetch_in_order() {
  if (there_ > 0) place_.read({0, there_}, verified_, stop_.get_token());
  do {
    stream_on();
  } while (collect_pieces());
}

/// Streams missing bytes from the front on, until a piece of another connection.
void PiecewiseFetch::stream_on() {
  std::uint64_t front = 0;
  bool may_be_divided = false;
  {
    const std::lock_guard lock(mutex_);
    front = map_.front();
    if (front > 0 && map_.is_whole()) return;
    begun_ = std::chrono::steady_clock::now();
    hashing_ = true;
    map_.set_streaming(true);
    may_be_divided = !ended_ && blob_.size - front >= 2 * board_.rules_.least;
  }
  if (may_be_divided) {
    if (board_.slow_.needs_busy()) busy_before_ = busy_.so_far();
    board_.add(*this);
  }
  in_order_.from = InOrder::From::Stream;
  Stream sink(*this);
  try {
    if (front == 0) from_.fetch(blob_, sink, stop_.get_token());
    if (front > 0) copy_stream(*from_.open(blob_, front, stop_.get_token()), sink);
    if (verified_.count() < blob_.size) verified_.finish();  // throws: the blob ended too early
  } catch (const Enough&) {
    progress_.debug(
        text::cat(from_.name_of(blob_.digest), " is fetched in pieces from byte ", verified_.count(), " on"));
  }
  const std::lock_guard lock(mutex_);
  hashing_ = false;
  map_.set_streaming(false);
}

/// Fetches pieces, and hashes those of other threads, until the blob is complete: returns false then. True if there are
/// no more pieces, and the stream must continue.
bool PiecewiseFetch::collect_pieces() {
  std::unique_lock lock(mutex_);
  for (;;) {
    hash_front(lock);
    if (failure_) std::rethrow_exception(failure_);
    throw_if_stopped(stop_.get_token());
    if (map_.is_whole()) return false;
    if (ended_ && fetching_ == 0 && !hashing_) {
      forget_pieces();
      return true;
    }
    const auto piece = ended_ ? std::nullopt : map_.claim();
    if (piece) {
      ++fetching_;
      lock.unlock();
      fetch(*piece);
      lock.lock();
    } else {
      changed_.wait(lock, stop_.get_token(), [this, seen = changes_] { return changes_ != seen; });
    }
  }
}

/// Bytes behind a gap are fetched again by the stream that closes it.
void PiecewiseFetch::forget_pieces() {
  const auto bytes = static_cast<std::int64_t>(map_.forget_finished());
  moved_ -= bytes;
  progress_.advance(-bytes);
}

/// Hashes the pieces at the front, unless another thread does. Call with `lock` held; it is released meanwhile.
void PiecewiseFetch::hash_front(std::unique_lock<std::mutex>& lock) {
  while (!hashing_ && !failure_) {
    const auto piece = map_.at_front();
    if (!piece) return;
    hashing_ = true;
    lock.unlock();
    in_order_.from = InOrder::From::Piece;
    try {
      place_.read(*piece, verified_, stop_.get_token());
    } catch (...) {
      fail(std::current_exception());
    }
    lock.lock();
    hashing_ = false;
    if (!failure_) map_.pass(*piece);
    ++changes_;
    changed_.notify_all();
  }
}

std::optional<Piece> PiecewiseFetch::claim_for_helper() {
  const std::lock_guard lock(mutex_);
  if (ended_ || failure_ || (map_.is_streaming() && !divided_ && !is_slow())) return std::nullopt;
  const auto piece = map_.claim();
  if (piece) ++fetching_;
  return piece;
}

bool PiecewiseFetch::is_slow() const {
  StreamSoFar stream{.time = std::chrono::steady_clock::now() - begun_,
                     .busy = std::nullopt,
                     .received = static_cast<std::uint64_t>(moved_),
                     .left = blob_.size - map_.front()};
  // This reads a file, so only where the rate is low.
  if (busy_before_ && board_.slow_.applies_to(stream)) {
    if (const auto now = busy_.so_far()) stream.busy = *now - *busy_before_;
  }
  return board_.slow_.applies_to(stream);
}

/// Fetches a claimed piece. Its failure does not fail the blob, unless it is a local one.
void PiecewiseFetch::fetch(const Piece& piece) noexcept {
  PieceSink sink(*this, piece);
  try {
    bring(piece, sink);
  } catch (...) {
    fail(std::current_exception());
  }
  settle(piece, sink);
}

void PiecewiseFetch::bring(const Piece& piece, PieceSink& sink) {
  std::string why = "its source does not support ranges";
  try {
    const bool given = from_.fetch_range(blob_, piece.begin, piece.end, sink, pieces_stop_.get_token());
    if (given && sink.is_full()) return;
  } catch (const Enough&) {
    return;  // the stream was faster
  } catch (const Error& error) {
    if (is_local_failure(error.code())) throw;
    why = error.message();
  }
  if (pieces_stop_.stop_requested()) return;
  end_pieces();
  progress_.debug(text::cat(from_.name_of(blob_.digest), " is not fetched in pieces: ", why));
}

/// Records the result of a piece, and hashes it if it is at the front.
void PiecewiseFetch::settle(const Piece& piece, PieceSink& sink) {
  std::unique_lock lock(mutex_);
  if (sink.is_full() && !failure_) {
    map_.finish(piece);
  } else {
    sink.take_back();
    map_.give_back(piece);
  }
  hash_front(lock);
  --fetching_;
  ++changes_;
  changed_.notify_all();
}

void PiecewiseFetch::fail(std::exception_ptr failure) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    ++changes_;
  }
  stop_.request_stop();
}

void PiecewiseFetch::end_pieces() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    ++changes_;
  }
  pieces_stop_.request_stop();
}

/// Waits until no other thread works on this blob, and lets none start.
void PiecewiseFetch::leave() {
  board_.remove(*this);
  end_pieces();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return fetching_ == 0; });
}

}  // namespace ociferry
