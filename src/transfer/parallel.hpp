#pragma once

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
  Stop,     ///< running tasks are asked to stop, no further one starts
  CarryOn,  ///< the others go on, so that all failures can be told at once
};

using Task = std::function<void(std::size_t index, std::stop_token stop)>;

/// The bytes that the tasks of a run have moved so far. Called by another thread than theirs.
using BytesMoved = std::function<std::uint64_t()>;

/// What a thread does when all tasks are taken and some are still under way. Must not throw.
using Assist = std::function<Help()>;

/// Runs `task(0) ... task(count - 1)` on up to `jobs` threads, lower indices first, and waits for all of them. Where
/// the number of threads is to follow what pays and tasks differ much in size, `bytes_moved` helps to see that.
/// With `assist` there may be more threads than tasks; while the cores are busy as it is, it is not called.
/// Returns the failures by index (null where a task succeeded or never began). Throws Error{Interrupted} if `stop`
/// was requested before all was done.
[[nodiscard]] std::vector<std::exception_ptr> run_parallel(const Jobs& jobs, std::size_t count, OnFailure on_failure,
                                                           std::stop_token stop, const Task& task,
                                                           const BytesMoved& bytes_moved = {},
                                                           const Assist& assist = {});

/// The same with OnFailure::Stop; rethrows the first failure that is not a mere echo of the stopping.
void run_parallel_or_throw(const Jobs& jobs, std::size_t count, std::stop_token stop, const Task& task,
                           const BytesMoved& bytes_moved = {}, const Assist& assist = {});

/// For tasks that read what is on disk and hash it: a fixed number of `jobs`, else as many as there are cores.
[[nodiscard]] std::size_t jobs_or_cores(const Jobs& jobs) noexcept;

}  // namespace ociferry
