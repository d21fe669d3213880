#pragma once

#include <stop_token>

namespace ociferry {

/// Throws Error{Interrupted} if `stop` is requested.
void throw_if_stopped(const std::stop_token& stop);

}  // namespace ociferry
