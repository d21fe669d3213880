#pragma once

#include <mutex>
#include <vector>

#include "http/clock.hpp"
#include "ociferry/error.hpp"

namespace ociferry::testing {

/// A clock that jumps instead of waiting, and remembers the jumps. Thread-safe.
class FakeClock : public Clock {
 public:
  using Steady = std::chrono::steady_clock;

  [[nodiscard]] Steady::time_point now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  [[nodiscard]] std::chrono::system_clock::time_point calendar() const override {
    return std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
  }
  void sleep_until(Steady::time_point deadline, std::stop_token stop) override {
    if (stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
    const std::lock_guard lock(mutex_);
    if (deadline <= now_) return;
    sleeps_.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now_));
    now_ = deadline;
  }
  void pass(std::chrono::milliseconds time) {
    const std::lock_guard lock(mutex_);
    now_ += time;
  }
  [[nodiscard]] std::vector<std::chrono::milliseconds> sleeps() const {
    const std::lock_guard lock(mutex_);
    return sleeps_;
  }

 private:
  mutable std::mutex mutex_;
  Steady::time_point now_{std::chrono::hours(1)};
  std::vector<std::chrono::milliseconds> sleeps_;
};

}  // namespace ociferry::testing
