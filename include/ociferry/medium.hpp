#pragma once

#include <chrono>
#include <cstdint>

/// Reading back what was written from the medium itself.
namespace ociferry {

/// What was read from a medium, past the memory that caches it.
struct MediumReading {
  std::uint64_t bytes = 0;
  std::chrono::milliseconds busy{0};  ///< the time in which the medium was at work
  /// False: its file system does not read past the cache, so memory may have answered, although it was told to forget.
  bool is_past_cache = true;

  /// In bytes; 0 if the time is too short to tell.
  [[nodiscard]] std::uint64_t bytes_a_second() const noexcept {
    return busy.count() > 0 ? bytes * 1000 / static_cast<std::uint64_t>(busy.count()) : 0;
  }
};

}  // namespace ociferry
