#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "ociferry/descriptor.hpp"
#include "ociferry/progress.hpp"
#include "store/blob_place.hpp"

namespace ociferry {

/// The place of one blob, in which an earlier run may have left all of it or its beginning. Used by one thread at a
/// time.
class ResumableSlot {
 public:
  /// Discard: nothing is there. Keep: what is there shows when it is looked at.
  ResumableSlot(const BlobPlace& place, Existing existing);

  /// True if all of `blob` is there: an earlier run has written it, found by reading and hashing the place once, or
  /// `fill` has. Throws Error{Io}, Error{Interrupted}.
  [[nodiscard]] bool holds(const Descriptor& blob, const std::stop_token& stop);

  /// Calls `bring` with the number of bytes that an earlier run seems to have left; it hashes these, fetches the rest,
  /// and throws Error{Corrupt} if the whole is not `blob`. If the earlier bytes were wrong, `progress` gets a debug
  /// line, and `bring` is called once more, with 0. Throws what `bring` throws; the content of the place is undefined
  /// then.
  void fill(const Descriptor& blob, Progress& progress, const std::function<void(std::uint64_t there)>& bring);

  /// True if all of the blob is known to be there.
  [[nodiscard]] bool is_whole() const noexcept { return state_ == State::Whole; }
  [[nodiscard]] const BlobPlace& place() const noexcept { return place_; }

 private:
  enum class State { Unknown, Begun, Whole };

  BlobPlace place_;
  State state_;
  std::uint64_t begun_ = 0;  ///< bytes from its beginning on that an earlier run seems to have written
};

}  // namespace ociferry
