#pragma once

#include "cli/arguments.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Declares the options of `import` and `copy` that say where images go and what they are called there.
void declare_destination(Arguments& arguments);

/// Throws Error{Usage} if two destinations were given, or options that the given one does not have. That there is one
/// is for the command to check.
void check_destination(const Arguments& arguments);

/// What the user gave. Reads mapping files. Throws Error{Usage}.
[[nodiscard]] RelocateOptions relocate_options(const Arguments& arguments);

}  // namespace ociferry
