#pragma once

#include <chrono>
#include <stop_token>
#include <thread>

namespace ociferry {

/// The clock of the HTTP code; tests replace it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const { return std::chrono::steady_clock::now(); }
  /// Wall-clock time, to compare with dates from servers.
  [[nodiscard]] virtual std::chrono::system_clock::time_point calendar() const {
    return std::chrono::system_clock::now();
  }
  /// Blocks until `deadline`. Throws Error{Interrupted} as soon as `stop` is requested.
  virtual void sleep_until(std::chrono::steady_clock::time_point deadline, std::stop_token stop);
};

/// The system clock. Lives until the program ends.
[[nodiscard]] Clock& real_clock();

/// A stop token that is requested when `time` is over. Must outlive the users of its token.
class StopTimer {
 public:
  /// Throws std::system_error if no thread can be started.
  explicit StopTimer(std::chrono::seconds time);
  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::jthread thread_;  ///< ends with the object
};

}  // namespace ociferry
