#pragma once

#include <chrono>
#include <stop_token>

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

}  // namespace ociferry
