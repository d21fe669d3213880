#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "http/clock.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

/// Runs `work`, which runs `program`, and retries it with growing delays after a transient Error: helpers lock their
/// key stores, so some of several concurrent ones fail. After some eight seconds, throws the error with the number of
/// runs, no longer transient, so that the user is not prompted again. Blocks. Throws Error{Interrupted} when `stop` is
/// requested.
void run_with_retries(const std::string& program, const std::function<void()>& work, Clock& clock, Progress& progress,
                      const std::stop_token& stop);

}  // namespace ociferry
