#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace ociferry {

/// The work of a pool since its start.
struct WorkDone {
  std::chrono::nanoseconds wall{0};
  std::chrono::nanoseconds cpu{0};  ///< of the whole process
  std::size_t tasks = 0;            ///< finished ones
  std::uint64_t bytes = 0;          ///< transferred, running tasks included
  std::size_t busy = 0;             ///< running tasks
};

/// Adapts the number of workers of a pool. Starts with a number for the cores, and adds workers while the cores are
/// idle and the last ones added increased the rate: with a high latency each worker mostly waits; on a saturated link
/// or at a busy server, more of them gain nothing. Removes workers that did not help, and tries again later, less often
/// each time. If an interrupted run loses its running tasks and these take long, a saturated link is shared by as few
/// workers as saturate it. Pure; the caller locks and measures.
class WorkerCount {
 public:
  static constexpr std::size_t kMost = 32;
  /// Time between two calls of `observe`: negligible cost, and still frequent enough for high latencies.
  static constexpr std::chrono::milliseconds kTick{50};

  /// What an interrupted run loses of its running tasks.
  enum class BrokenOff {
    Kept,       ///< nothing: the next run uses it
    Lost,       ///< all
    LittleLost  ///< all, but the tasks are small
  };

  /// With `cores` of 0, which is "not known", as with one. Begins with `proven` workers if these are more than the
  /// cores ask for, but with no more than 8 if much could be lost.
  explicit WorkerCount(std::size_t cores, std::size_t proven = 0, BrokenOff broken_off = BrokenOff::Kept) noexcept;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// There will never be fewer.
  [[nodiscard]] std::size_t fewest() const noexcept { return fewest_; }
  /// The same without workers that are on trial.
  [[nodiscard]] std::size_t proven() const noexcept { return trial_ ? trial_->count_before : count_; }
  /// False while the cores, rather than the network, seem to be what limits the work.
  [[nodiscard]] bool cores_are_idle() const noexcept { return cores_are_idle_; }
  /// Takes in what was done until now, and returns the new count: never more than kMost, and less than the first only
  /// where broken tasks are lost.
  std::size_t observe(const WorkDone& now) noexcept;

 private:
  struct Span;
  /// A step whose effect is not known yet.
  struct Trial {
    double rate_before;
    std::size_t count_before;
  };

  [[nodiscard]] bool is_significant(const Span& span) const noexcept;
  [[nodiscard]] bool leaves_cores_idle(const Span& span) const noexcept;
  [[nodiscard]] bool has_long_tasks(const WorkDone& now) const noexcept;
  [[nodiscard]] bool evaluate_trial(double rate) noexcept;
  void step(double rate, bool are_long) noexcept;
  void step_to(std::size_t count, double rate) noexcept;
  void step_back() noexcept;

  std::size_t cores_;
  std::size_t first_;
  std::size_t fewest_;
  std::size_t count_;
  WorkDone since_ = {};  ///< where the span that is watched began
  bool cores_are_idle_ = true;
  bool is_settling_ = true;  ///< new workers open connections first, so their first span is not measured
  std::optional<Trial> trial_ = {};
  bool has_overshot_ = false;  ///< from then on steps up are smaller
  bool may_step_down_;         ///< the last step that did not pay went up, or the first number was never tried
  std::size_t rest_ = 0;       ///< spans to come without a trial
  std::size_t next_rest_;
};

}  // namespace ociferry
