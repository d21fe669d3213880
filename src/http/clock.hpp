#pragma once

#include <chrono>
#include <stop_token>

namespace ociferry {

/// Time as the HTTP code sees it, so that tests need not wait. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const { return std::chrono::steady_clock::now(); }
  /// The calendar's time; only for comparing with dates that a server sent.
  [[nodiscard]] virtual std::chrono::system_clock::time_point calendar() const {
    return std::chrono::system_clock::now();
  }
  /// Blocks until `deadline`. Throws Error{Interrupted} as soon as `stop` is requested.
  virtual void sleep_until(std::chrono::steady_clock::time_point deadline, std::stop_token stop);
};

/// The real one. Never destroyed before the program ends.
[[nodiscard]] Clock& real_clock();

}  // namespace ociferry
