#include "transfer/worker_count.hpp"
#include "base/sizes.hpp"

#include <algorithm>

namespace ociferry {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t kFewest = 4;
constexpr std::size_t kMostAtFirst = 8;
/// A span tells something when it is at least so long, and each worker had the time for a task, or so many bytes.
constexpr milliseconds kShortestSpan{100};
constexpr std::uint64_t kShareBytes = kMiB;
/// Requests take time whatever they carry: a task counts as so many bytes more.
constexpr std::uint64_t kTaskBytes = 64 * kKiB;
/// The rate after a step that pays, against the one before.
constexpr double kGain = 1.1;
/// Cores that are used more than this are what limits the work.
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

WorkerCount::WorkerCount(std::size_t cores, std::size_t proven) noexcept
    : cores_(std::max<std::size_t>(cores, 1)),
      count_(std::clamp(proven, std::clamp(2 * cores_, kFewest, kMostAtFirst), kMost)),
      next_rest_(kFirstRest) {}

std::size_t WorkerCount::observe(const WorkDone& now) noexcept {
  const Span span{now.wall - since_.wall, now.cpu - since_.cpu, now.tasks - since_.tasks, now.bytes - since_.bytes};
  if (!is_telling(span)) return count_;
  since_ = now;
  cores_are_idle_ = leaves_cores_idle(span);
  if (is_settling_) {
    is_settling_ = false;
    return count_;
  }
  const double rate = span.rate();
  if (!judge_last_step(rate)) return count_;
  if (rest_ > 0) {
    --rest_;
  } else if (count_ < kMost && cores_are_idle_) {
    step_up(rate);
  }
  return count_;
}

bool WorkerCount::is_telling(const Span& span) const noexcept {
  return span.wall >= kShortestSpan && span.tasks + span.bytes / kShareBytes >= count_;
}

bool WorkerCount::leaves_cores_idle(const Span& span) const noexcept {
  return static_cast<double>(span.cpu.count()) <
         kBusy * static_cast<double>(cores_) * static_cast<double>(span.wall.count());
}

/// False if there was one, and it was taken back.
bool WorkerCount::judge_last_step(double rate) noexcept {
  if (!rate_before_) return true;
  if (rate < kGain * *rate_before_) {
    step_back();
    return false;
  }
  rate_before_.reset();
  next_rest_ = kFirstRest;
  return true;
}

void WorkerCount::step_up(double rate) noexcept {
  rate_before_ = rate;
  count_before_ = count_;
  count_ = std::min(kMost, count_ + (has_overshot_ ? count_ / 2 : count_));
  is_settling_ = true;
}

void WorkerCount::step_back() noexcept {
  rate_before_.reset();
  count_ = count_before_;
  has_overshot_ = true;
  rest_ = next_rest_;
  next_rest_ = std::min(2 * next_rest_, kLongestRest);
}

}  // namespace ociferry
