#include "medium/pace.hpp"

namespace ociferry {

namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kAtFirst = std::chrono::seconds(5);
constexpr nanoseconds kAtLast = std::chrono::seconds(10);
constexpr nanoseconds kSpan = std::chrono::milliseconds(100);  ///< shorter ones are joined
constexpr double kFarBelow = 3;

std::uint64_t bytes_a_second(std::uint64_t bytes, nanoseconds busy) {
  return static_cast<std::uint64_t>(static_cast<double>(bytes) / std::chrono::duration<double>(busy).count());
}

}  // namespace

void Pace::add(std::uint64_t bytes, nanoseconds busy) {
  if (first_.busy < kAtFirst) {
    first_.bytes += bytes;
    first_.busy += busy;
    return;
  }
  if (!last_.empty() && last_.back().busy < kSpan) {
    last_.back().bytes += bytes;
    last_.back().busy += busy;
  } else {
    last_.push_back({bytes, busy});
  }
  last_sum_.bytes += bytes;
  last_sum_.busy += busy;
  while (last_sum_.busy - last_.front().busy >= kAtLast) {
    last_sum_.bytes -= last_.front().bytes;
    last_sum_.busy -= last_.front().busy;
    last_.pop_front();
  }
}

std::optional<Slowdown> Pace::slowdown() const {
  if (last_sum_.busy < kAtLast) return std::nullopt;
  const Slowdown slowdown{.at_first = bytes_a_second(first_.bytes, first_.busy),
                          .at_last = bytes_a_second(last_sum_.bytes, last_sum_.busy),
                          .lasting = std::chrono::duration_cast<std::chrono::seconds>(last_sum_.busy)};
  const bool is_far_below = static_cast<double>(slowdown.at_last) * kFarBelow < static_cast<double>(slowdown.at_first);
  return is_far_below ? std::optional(slowdown) : std::nullopt;
}

void BusyTime::begin() {
  const std::lock_guard lock(mutex_);
  if (running_++ == 0) mark_ = now_();
}

void BusyTime::end(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto now = now_();
  const nanoseconds since = now - mark_;
  mark_ = now;
  --running_;
  bytes_ += bytes;
  busy_ += since;
  pace_.add(bytes, since);
}

std::uint64_t BusyTime::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

nanoseconds BusyTime::busy() const {
  const std::lock_guard lock(mutex_);
  return busy_;
}

std::optional<Slowdown> BusyTime::slowdown() const {
  const std::lock_guard lock(mutex_);
  return pace_.slowdown();
}

}  // namespace ociferry
