#include "transfer/shared_reading.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/sizes.hpp"
#include "base/stop.hpp"
#include "base/threads.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kWindow = 4 * kMiB;
constexpr std::size_t kRead = 256 * kKiB;

/// The bytes of a blob that several readers want at the same time, read once. Each reads at its own pace, as long as
/// the fastest and the slowest are not further apart than the window. One that is left behind, or was there when the
/// source failed, goes on by itself. Thread-safe.
class SharedReading {
 public:
  SharedReading(const Descriptor& blob, BlobSource& from, std::size_t readers, std::chrono::milliseconds patience)
      : blob_(blob), from_(from), patience_(patience), readers_(readers), window_(kWindow) {}

  /// True if `reader` can begin here: the first time, unless it has been left behind already.
  [[nodiscard]] bool begin(std::size_t reader) {
    const std::lock_guard lock(mutex_);
    return readers_[reader].is_here && !std::exchange(readers_[reader].has_begun, true);
  }

  /// The next bytes for `reader`, 0 at the end. nullopt if it has been left behind.
  [[nodiscard]] std::optional<std::size_t> read(std::size_t reader, MutableBytes out, const std::stop_token& stop) {
    Reader& mine = readers_[reader];
    std::unique_lock lock(mutex_);
    for (;;) {
      throw_if_stopped(stop);
      if (!mine.is_here) return std::nullopt;
      if (mine.position < end_) return take(mine, out);
      if (is_at_end_) return 0;
      if (is_filling_) {
        changed_.wait(lock, stop, [this] { return !is_filling_; });
      } else if (end_ - slowest() + kRead <= kWindow) {
        fill(lock, stop);
      } else {
        wait_for_slowest(lock, stop);
      }
    }
  }

  [[nodiscard]] std::uint64_t position(std::size_t reader) {
    const std::lock_guard lock(mutex_);
    return readers_[reader].position;
  }

  /// `reader` needs no more bytes from here.
  void leave(std::size_t reader) {
    const std::lock_guard lock(mutex_);
    readers_[reader].is_here = false;
    changed_.notify_all();
  }

 private:
  struct Reader {
    std::uint64_t position = 0;
    bool has_begun = false;
    bool is_here = true;
  };

  [[nodiscard]] std::size_t take(Reader& mine, MutableBytes out) {
    const std::uint64_t begin = mine.position % kWindow;
    const std::size_t count = std::min(
        {out.size(), static_cast<std::size_t>(end_ - mine.position), static_cast<std::size_t>(kWindow - begin)});
    std::copy_n(window_.begin() + static_cast<std::ptrdiff_t>(begin), count, out.begin());
    mine.position += count;
    changed_.notify_all();
    return count;
  }

  [[nodiscard]] std::uint64_t slowest() const {
    std::uint64_t position = end_;
    for (const Reader& reader : readers_) {
      if (reader.is_here) position = std::min(position, reader.position);
    }
    return position;
  }

  void wait_for_slowest(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
    const std::uint64_t before = slowest();
    if (changed_.wait_for(lock, stop, patience_, [&] { return slowest() != before || is_filling_; })) return;
    if (stop.stop_requested()) return;
    for (Reader& reader : readers_) {
      if (reader.position == before) reader.is_here = false;
    }
  }

  /// Reads from the source, without the lock.
  void fill(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
    is_filling_ = true;
    std::size_t count = 0;
    lock.unlock();
    try {
      if (!stream_) stream_ = from_.open(blob_, 0, stop);
      const auto begin = static_cast<std::size_t>(end_ % kWindow);
      const std::size_t room = std::min(kRead, static_cast<std::size_t>(kWindow) - begin);
      count = stream_->read(MutableBytes(window_).subspan(begin, room));
    } catch (...) {
      // Each reader meets the failure, and repeats what it can, by itself.
      lock.lock();
      is_filling_ = false;
      for (Reader& reader : readers_) reader.is_here = false;
      changed_.notify_all();
      return;
    }
    lock.lock();
    is_filling_ = false;
    end_ += count;
    is_at_end_ = count == 0;
    changed_.notify_all();
  }

  const Descriptor& blob_;
  BlobSource& from_;
  std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Reader> readers_;
  std::unique_ptr<ByteSource> stream_;
  std::vector<std::byte> window_;  ///< the byte at `n` of the blob is at `n` modulo its size
  std::uint64_t end_ = 0;          ///< what has been read
  bool is_filling_ = false;        ///< a reader reads from the source; `end_` and the bytes behind it are its own
  bool is_at_end_ = false;
};

/// What one reader reads.
class SharedStream : public ByteSource {
 public:
  SharedStream(const Descriptor& blob, BlobSource& from, SharedReading& shared, std::size_t reader,
               std::stop_token stop)
      : blob_(blob), from_(from), shared_(shared), reader_(reader), stop_(std::move(stop)) {}
  SharedStream(const SharedStream&) = delete;
  SharedStream& operator=(const SharedStream&) = delete;
  ~SharedStream() override { shared_.leave(reader_); }

  std::size_t read(MutableBytes buffer) override {
    if (buffer.empty()) return 0;
    if (own_) return own_->read(buffer);
    if (const auto count = shared_.read(reader_, buffer, stop_)) return *count;
    const std::uint64_t position = shared_.position(reader_);
    if (position >= blob_.size && position > 0) return 0;
    own_ = from_.open(blob_, position, stop_);
    return own_->read(buffer);
  }

 private:
  const Descriptor& blob_;
  BlobSource& from_;
  SharedReading& shared_;
  std::size_t reader_;
  std::stop_token stop_;
  std::unique_ptr<ByteSource> own_;
};

/// The source of one target.
class SharedSource : public BlobSource {
 public:
  SharedSource(BlobSource& from, SharedReading& shared, std::size_t reader)
      : from_(from), shared_(shared), reader_(reader) {}
  std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset, std::stop_token stop) override {
    if (offset != 0 || !shared_.begin(reader_)) return from_.open(blob, offset, std::move(stop));
    return std::make_unique<SharedStream>(blob, from_, shared_, reader_, std::move(stop));
  }
  [[nodiscard]] std::optional<RepositoryName> home() const override { return from_.home(); }
  [[nodiscard]] std::optional<RepositoryName> mountable_from() const override { return from_.mountable_from(); }
  [[nodiscard]] bool is_mount_certain() const override { return from_.is_mount_certain(); }
  [[nodiscard]] std::string name_of(const Digest& blob) const override { return from_.name_of(blob); }

 private:
  BlobSource& from_;
  SharedReading& shared_;
  std::size_t reader_;
};

}  // namespace

std::vector<std::exception_ptr> put_into_all(const Descriptor& blob, const std::vector<BlobPut>& puts,
                                             Progress& progress, const std::stop_token& stop,
                                             std::chrono::milliseconds patience) {
  std::vector<std::exception_ptr> failures(puts.size());
  SharedReading shared(blob, *puts.front().from, puts.size(), patience);
  const auto put = [&](std::size_t i) noexcept {
    try {
      SharedSource source(*puts[i].from, shared, i);
      puts[i].target->put_blob(blob, source, progress, stop);
    } catch (...) {
      failures[i] = std::current_exception();
    }
    shared.leave(i);
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < puts.size(); ++i) {
    others.push_back(start_thread([&put, i] { put(i); }));
    if (!others.back().joinable()) shared.leave(i);
  }
  put(0);
  for (std::size_t i = 1; i < puts.size(); ++i) {
    if (others[i - 1].joinable()) {
      others[i - 1].join();
    } else {
      put(i);  // the system gives no more threads
    }
  }
  return failures;
}

}  // namespace ociferry
