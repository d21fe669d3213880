#include "http/clock.hpp"

#include <condition_variable>
#include <mutex>

#include "ociferry/error.hpp"

namespace ociferry {

void Clock::sleep_until(std::chrono::steady_clock::time_point deadline, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_until(lock, stop, deadline, [] { return false; });
  if (stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
}

Clock& real_clock() {
  static Clock clock;
  return clock;
}

}  // namespace ociferry
