#include "transfer/worker_count.hpp"
#include "base/sizes.hpp"

#include <algorithm>

namespace ociferry {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t kFewest = 4;
constexpr std::size_t kMostAtFirst = 8;
/// A measurement is representative if it takes at least this long, and each worker finished a task or this number of
/// bytes.
constexpr milliseconds kShortestSpan{100};
constexpr std::uint64_t kShareBytes = kMiB;
/// The overhead of a request: a task counts as this number of additional bytes.
constexpr std::uint64_t kTaskBytes = 64 * kKiB;
/// The relative rate from which a step up pays off, and from which a step down costs nothing.
constexpr double kGain = 1.1;
constexpr double kNoLoss = 0.95;
/// Tasks that take longer are worth keeping.
constexpr std::chrono::seconds kLongTask{10};
constexpr std::size_t kFewestLong = 2;
/// Above this load, the cores are the bottleneck.
constexpr double kBusy = 0.5;
constexpr std::size_t kFirstRest = 4;
constexpr std::size_t kLongestRest = 64;

}  // namespace

struct WorkerCount::Span {
  std::chrono::nanoseconds wall;
  std::chrono::nanoseconds cpu;
  std::size_t tasks;
  std::uint64_t bytes;

  [[nodiscard]] double rate() const noexcept {
    return static_cast<double>(bytes + kTaskBytes * tasks) / static_cast<double>(wall.count());
  }
};

WorkerCount::WorkerCount(std::size_t cores, std::size_t proven, BrokenOff broken_off) noexcept
    : cores_(std::max<std::size_t>(cores, 1)),
      first_(std::clamp(proven, std::clamp(2 * cores_, kFewest, kMostAtFirst),
                        broken_off == BrokenOff::Lost ? kMostAtFirst : kMost)),
      fewest_(broken_off == BrokenOff::Kept ? first_ : kFewestLong),
      count_(first_),
      may_step_down_(broken_off == BrokenOff::LittleLost && first_ > kMostAtFirst),
      next_rest_(kFirstRest) {}

std::size_t WorkerCount::observe(const WorkDone& now) noexcept {
  const Span span{now.wall - since_.wall, now.cpu - since_.cpu, now.tasks - since_.tasks, now.bytes - since_.bytes};
  if (!is_significant(span)) return count_;
  since_ = now;
  cores_are_idle_ = leaves_cores_idle(span);
  if (is_settling_) {
    is_settling_ = now.busy > count_;  // surplus workers finish their tasks first
    return count_;
  }
  const bool are_long = has_long_tasks(now);
  if (!are_long && count_ < first_) {
    trial_.reset();
    count_ = first_;
    is_settling_ = true;
    return count_;
  }
  const double rate = span.rate();
  if (!evaluate_trial(rate)) return count_;
  if (rest_ > 0) {
    --rest_;
  } else if (cores_are_idle_) {
    step(rate, are_long);
  }
  return count_;
}

bool WorkerCount::is_significant(const Span& span) const noexcept {
  return span.wall >= kShortestSpan && span.tasks + span.bytes / kShareBytes >= count_;
}

bool WorkerCount::leaves_cores_idle(const Span& span) const noexcept {
  return static_cast<double>(span.cpu.count()) <
         kBusy * static_cast<double>(cores_) * static_cast<double>(span.wall.count());
}

bool WorkerCount::has_long_tasks(const WorkDone& now) const noexcept {
  return now.wall * static_cast<std::int64_t>(count_) > kLongTask * static_cast<std::int64_t>(now.tasks + count_);
}

/// False if the last step was undone.
bool WorkerCount::evaluate_trial(double rate) noexcept {
  if (!trial_) return true;
  const bool was_up = count_ > trial_->count_before;
  if (rate < (was_up ? kGain : kNoLoss) * trial_->rate_before) {
    may_step_down_ = was_up;
    step_back();
    return false;
  }
  trial_.reset();
  next_rest_ = kFirstRest;
  return true;
}

/// Adds workers, or removes some that may be unnecessary.
void WorkerCount::step(double rate, bool are_long) noexcept {
  if (may_step_down_ && are_long && count_ > fewest_) {
    step_to(std::max(fewest_, count_ / 2), rate);
  } else if (count_ < kMost) {
    step_to(std::min(kMost, count_ + (has_overshot_ ? std::max<std::size_t>(count_ / 2, 1) : count_)), rate);
  }
}

void WorkerCount::step_to(std::size_t count, double rate) noexcept {
  trial_ = Trial{rate, count_};
  count_ = count;
  is_settling_ = true;
}

void WorkerCount::step_back() noexcept {
  count_ = trial_->count_before;
  trial_.reset();
  has_overshot_ = true;
  rest_ = next_rest_;
  next_rest_ = std::min(2 * next_rest_, kLongestRest);
}

}  // namespace ociferry
