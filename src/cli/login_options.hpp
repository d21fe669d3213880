#pragma once

#include "cli/arguments.hpp"
#include "ociferry/login.hpp"

namespace ociferry {

/// What the arguments of `login` and `logout` say. Throws Error{Usage} if the registry is missing.
[[nodiscard]] LoginOptions login_options_of(const Arguments& arguments);

}  // namespace ociferry
