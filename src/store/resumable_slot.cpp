#include "store/resumable_slot.hpp"

#include <utility>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

class HashSink : public ByteSink {
 public:
  explicit HashSink(std::string_view algorithm) : hasher(algorithm) {}
  void write(Bytes bytes) override { hasher.update(bytes); }
  Hasher hasher;
};

}  // namespace

ResumableSlot::ResumableSlot(const BlobPlace& place, Existing existing)
    : place_(place), state_(existing == Existing::Keep ? State::Unknown : State::Begun) {}

bool ResumableSlot::holds(const Descriptor& blob, const std::stop_token& stop) {
  if (state_ != State::Unknown) return is_whole();
  const Piece whole{0, blob.size};
  if (!place_.has_hole(whole)) {
    HashSink hash(blob.digest.algorithm());
    place_.read(whole, hash, stop);
    if (hash.hasher.finish() == blob.digest) state_ = State::Whole;
  }
  if (is_whole()) return true;
  const std::uint64_t written = place_.written(blob.size);
  // A complete but wrong content is damaged: none of it can be used.
  begun_ = written < blob.size ? written : 0;
  state_ = State::Begun;
  return false;
}

void ResumableSlot::fill(const Descriptor& blob, Progress& progress,
                         const std::function<void(std::uint64_t there)>& bring) {
  if (state_ == State::Unknown) begun_ = place_.has_hole({0, blob.size}) ? place_.written(blob.size) : blob.size;
  state_ = State::Begun;
  // The existing bytes are used once: a wrong digest of the whole was most likely caused by them.
  if (const std::uint64_t there = std::exchange(begun_, 0); there > 0) {
    try {
      bring(there);
      state_ = State::Whole;
      return;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Corrupt) throw;
      progress.debug(text::cat(error.message(), "; the partial content of an earlier run is discarded"));
    }
  }
  bring(0);
  state_ = State::Whole;
}

}  // namespace ociferry
