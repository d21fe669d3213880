#pragma once

#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Declares the options of `import` and `copy` that say where images go and what they are called there.
void declare_destination(Arguments& arguments);

/// The options that `declare_destination` declares for a repository only, not for an archive.
[[nodiscard]] const std::vector<std::string>& registry_only_options();

/// What the user gave. Reads mapping files. Throws Error{Usage}.
[[nodiscard]] RelocateOptions relocate_options(const Arguments& arguments);

}  // namespace ociferry
