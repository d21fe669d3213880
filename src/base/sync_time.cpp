#include "base/sync_time.hpp"

#include <atomic>

namespace ociferry {

namespace {

std::atomic<std::chrono::nanoseconds::rep>& counted() noexcept {
  static std::atomic<std::chrono::nanoseconds::rep> nanoseconds = 0;
  return nanoseconds;
}

}  // namespace

std::chrono::nanoseconds sync_time() noexcept { return std::chrono::nanoseconds(counted().load()); }

SyncTimer::~SyncTimer() {
  counted() += std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin_).count();
}

}  // namespace ociferry
