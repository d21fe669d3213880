#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>

namespace ociferry {

/// What is known of a stream that brings a blob.
struct StreamSoFar {
  std::chrono::nanoseconds time{0};              ///< since it began
  std::optional<std::chrono::nanoseconds> busy;  ///< of that, for which its thread needed a core; nullopt: not known
  std::uint64_t received = 0;                    ///< bytes
  std::uint64_t left = 0;                        ///< bytes
};

/// When more connections would bring the rest of a blob sooner. Pure.
struct SlowStream {
  std::chrono::milliseconds watched{250};  ///< minimum time of observation
  std::chrono::milliseconds left{2000};    ///< minimum estimated time for the rest
  /// From this part of the time on, a stream is held up by its thread, not by its connection. More connections need
  /// more cores then than the two that the thread and the hashing of the blob take.
  double busy = 0.5;
  unsigned cores = std::thread::hardware_concurrency();

  /// False if StreamSoFar::busy makes no difference, since there are cores enough.
  [[nodiscard]] bool needs_busy() const noexcept { return cores <= kCoresOfOneStream; }
  [[nodiscard]] bool applies_to(const StreamSoFar& stream) const;

 private:
  static constexpr unsigned kCoresOfOneStream = 2;
};

}  // namespace ociferry
