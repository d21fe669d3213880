#pragma once

#include <chrono>

namespace ociferry {

/// The total time that threads of this process have spent in fsync and syncfs. Other tools do not sync; subtract this
/// to compare.
[[nodiscard]] std::chrono::nanoseconds sync_time() noexcept;

/// Adds its lifetime to `sync_time`.
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
