#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <stop_token>
#include <vector>

#include "ociferry/jobs.hpp"
#include "store/store.hpp"

namespace ociferry {

/// What `run_parallel` does about the other tasks when one fails.
enum class OnFailure {
  Stop,     ///< running tasks get a stop request, no further one starts
  CarryOn,  ///< the others continue, to report all failures at once
};

using Task = std::function<void(std::size_t index, std::stop_token stop)>;

/// The bytes that the tasks of a run have transferred so far. Called by another thread.
using BytesMoved = std::function<std::uint64_t()>;

/// What tasks transfer. An interrupted run loses what its running tasks have sent; of small ones, that is little.
enum class TaskSize {
  Any,
  Small,  ///< 1 MiB at most, on average
};

/// Called by threads without a task while others are running. Must not throw.
using Assist = std::function<Help()>;

/// What a Jobs and its copies have learned of the network; nothing if the number is fixed. Thread-safe.
class LearnedWorkers {
 public:
  /// The number of parallel requests that worked best. 0: not known yet.
  [[nodiscard]] static std::size_t of(const Jobs& jobs) noexcept;
  static void set(const Jobs& jobs, std::size_t number) noexcept;

  /// Takes in how long an answer took.
  static void note_answer(const Jobs& jobs, std::chrono::nanoseconds time) noexcept;
  /// True if even the fastest answer took so long that most of the time is spent waiting for answers.
  [[nodiscard]] static bool is_far(const Jobs& jobs) noexcept;

  static constexpr std::chrono::milliseconds kFar{40};
};

/// Runs `task(0) ... task(count - 1)` on up to `jobs` threads, lower indices first, and waits for all of them. If the
/// number of threads adapts and tasks differ in size, `bytes_moved` helps to measure the rate. With `assist` there may
/// be more threads than tasks; it is not called while the cores are busy. Returns the failures by index (null for a
/// task that succeeded or never started). Throws Error{Interrupted} if `stop` was requested before all was done.
[[nodiscard]] std::vector<std::exception_ptr> run_parallel(const Jobs& jobs, std::size_t count, OnFailure on_failure,
                                                           std::stop_token stop, const Task& task,
                                                           const BytesMoved& bytes_moved = {},
                                                           const Assist& assist = {}, TaskSize size = TaskSize::Any);

/// The same with OnFailure::Stop; rethrows the first failure that is not caused by the stop.
void run_parallel_or_throw(const Jobs& jobs, std::size_t count, std::stop_token stop, const Task& task,
                           const BytesMoved& bytes_moved = {}, const Assist& assist = {},
                           TaskSize size = TaskSize::Any);

/// Where answers take long, does all of `work` at the same time; elsewhere one after the other, until one fails. Throws
/// the first failure in the order of `work`.
void side_by_side(const Jobs& jobs, std::stop_token stop, const std::vector<std::function<void()>>& work);

/// The number of threads for reading from disk and hashing: that of `jobs` if fixed, else the number of cores.
[[nodiscard]] std::size_t jobs_or_cores(const Jobs& jobs) noexcept;

}  // namespace ociferry
