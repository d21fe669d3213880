#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <stop_token>
#include <vector>

namespace ociferry {

/// What `run_parallel` does about the other tasks when one fails.
enum class OnFailure {
  Stop,     ///< running tasks are asked to stop, no further one starts
  CarryOn,  ///< the others go on, so that all failures can be told at once
};

using Task = std::function<void(std::size_t index, std::stop_token stop)>;

/// Runs `task(0) ... task(count - 1)` on up to `jobs` threads, lower indices first, and waits for all of them.
/// Returns the failures by index (null where a task succeeded or never began). Throws Error{Interrupted} if `stop`
/// was requested before all was done.
[[nodiscard]] std::vector<std::exception_ptr> run_parallel(std::size_t jobs, std::size_t count, OnFailure on_failure,
                                                           std::stop_token stop, const Task& task);

/// The same with OnFailure::Stop; rethrows the first failure that is not a mere echo of the stopping.
void run_parallel_or_throw(std::size_t jobs, std::size_t count, std::stop_token stop, const Task& task);

}  // namespace ociferry
