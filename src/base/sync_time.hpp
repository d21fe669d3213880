#pragma once

#include <chrono>

namespace ociferry {

/// How long the threads of this process have waited until what they wrote was on the disk (fsync, syncfs), in all.
/// Other tools do not wait for it, so whoever compares takes it off.
[[nodiscard]] std::chrono::nanoseconds sync_time() noexcept;

/// Counts towards `sync_time` as long as it lives.
class SyncTimer {
 public:
  SyncTimer() noexcept = default;
  SyncTimer(const SyncTimer&) = delete;
  SyncTimer& operator=(const SyncTimer&) = delete;
  ~SyncTimer();

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace ociferry
