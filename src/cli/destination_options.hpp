#pragma once

#include <vector>

#include "cli/arguments.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// How many destinations a command takes.
enum class Destinations { One, Several };

/// Declares the options of `import` and `copy` that say where images go and what they are called there.
void declare_destination(Arguments& arguments, Destinations destinations);

/// Throws Error{Usage} if both kinds of destinations were given, or options that the given one does not have. That
/// there is one is for the command to check.
void check_destination(const Arguments& arguments);

/// What the user gave. Reads mapping files. Throws Error{Usage}.
[[nodiscard]] RelocateOptions relocate_options(const Arguments& arguments);
/// The same for each of several destinations.
[[nodiscard]] std::vector<RelocateOptions> all_relocate_options(const Arguments& arguments);

}  // namespace ociferry
