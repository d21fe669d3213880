#pragma once

#include <cstdint>

#include "ociferry/progress.hpp"

namespace ociferry {

/// Reports the progress of one upload. Used by one thread.
class UploadMeter {
 public:
  /// `progress` must outlive it.
  explicit UploadMeter(Progress& progress) : progress_(progress) {}
  /// The upload is at `offset` now, which may be less than before.
  void set(std::uint64_t offset) {
    const auto now = static_cast<std::int64_t>(offset);
    if (now != reported_) progress_.advance(now - reported_);
    reported_ = now;
  }
  /// Nothing was uploaded: the blob of `size` bytes exists.
  void skip(std::uint64_t size) {
    set(0);
    progress_.skip(static_cast<std::int64_t>(size));
  }
  void add(std::uint64_t bytes) { set(static_cast<std::uint64_t>(reported_) + bytes); }

 private:
  Progress& progress_;
  std::int64_t reported_ = 0;
};

}  // namespace ociferry
