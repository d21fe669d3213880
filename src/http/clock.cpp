#include "http/clock.hpp"

#include <condition_variable>
#include <mutex>

#include "base/stop.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

void Clock::sleep_until(std::chrono::steady_clock::time_point deadline, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_until(lock, stop, deadline, [] { return false; });
  throw_if_stopped(stop);
}

Clock& real_clock() {
  static Clock clock;
  return clock;
}

}  // namespace ociferry
