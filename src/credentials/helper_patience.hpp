#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "http/clock.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

/// Does `work`, which runs `program`, and does it again, after growing pauses, as long as it throws an Error that is
/// marked transient: helpers lock their key stores, so of several that start together some fail. After some eight
/// seconds from the first start the error counts, with the number of runs, and not as transient any more; so who has
/// been asked for a password for long is not asked again. Blocks; throws Error{Interrupted} when `stop` is requested.
void run_patiently(const std::string& program, const std::function<void()>& work, Clock& clock, Progress& progress,
                   const std::stop_token& stop);

}  // namespace ociferry
