#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace ociferry {

/// What a pool of workers has done since it began.
struct WorkDone {
  std::chrono::nanoseconds wall{0};
  std::chrono::nanoseconds cpu{0};  ///< of the whole process
  std::size_t tasks = 0;            ///< that ended
  std::uint64_t bytes = 0;          ///< that were moved, of tasks under way too
};

/// How many workers a pool should have when nobody said so. It begins with what the cores can feed, and adds workers
/// while the cores are idle and the last that were added made the work go faster: on a far link each worker waits most
/// of the time, on a full one or at a busy server more of them would only share what there is. What did not pay is
/// taken back, and tried again later, and more rarely each time. Pure; the caller locks and measures.
class WorkerCount {
 public:
  static constexpr std::size_t kMost = 32;
  /// Time between two calls of `observe`: few enough to cost nothing, often enough for the round trips of far links.
  static constexpr std::chrono::milliseconds kTick{50};

  /// With `cores` of 0, which is "not known", as with one. Begins with `proven` workers if these are more than the
  /// cores ask for.
  explicit WorkerCount(std::size_t cores, std::size_t proven = 0) noexcept;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// The same without workers that are on trial.
  [[nodiscard]] std::size_t proven() const noexcept { return rate_before_ ? count_before_ : count_; }
  /// False while the cores, rather than the network, seem to be what limits the work.
  [[nodiscard]] bool cores_are_idle() const noexcept { return cores_are_idle_; }
  /// Takes in what was done until now, and returns the new count: never less than the first, never more than kMost.
  std::size_t observe(const WorkDone& now) noexcept;

 private:
  struct Span;

  [[nodiscard]] bool is_telling(const Span& span) const noexcept;
  [[nodiscard]] bool leaves_cores_idle(const Span& span) const noexcept;
  [[nodiscard]] bool judge_last_step(double rate) noexcept;
  void step_up(double rate) noexcept;
  void step_back() noexcept;

  std::size_t cores_;
  std::size_t count_;
  WorkDone since_ = {};  ///< where the span that is watched began
  bool cores_are_idle_ = true;
  bool is_settling_ = true;                 ///< new workers have connections to open: what they do first tells nothing
  std::optional<double> rate_before_ = {};  ///< a step up is on trial: the rate without it
  std::size_t count_before_ = 0;            ///< and the count
  bool has_overshot_ = false;               ///< from then on steps are smaller
  std::size_t rest_ = 0;                    ///< spans to come without a trial
  std::size_t next_rest_;
};

}  // namespace ociferry
