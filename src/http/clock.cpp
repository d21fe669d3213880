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

StopTimer::StopTimer(std::chrono::seconds time)
    : thread_([stop = stop_, time](const std::stop_token& is_destroyed) mutable {
        try {
          real_clock().sleep_until(std::chrono::steady_clock::now() + time, is_destroyed);
          stop.request_stop();
        } catch (const Error&) {
          return;  // the work was done in time
        }
      }) {}

}  // namespace ociferry
