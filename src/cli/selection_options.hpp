#pragma once

#include "cli/arguments.hpp"
#include "ociferry/selection.hpp"

namespace ociferry {

/// Declares --include and --exclude.
void declare_patterns(Arguments& arguments);

/// Declares --platform.
void declare_platform(Arguments& arguments);

/// What these say, and --bundle and --image where they are `of_archive`, not sources. Nothing is chosen for imgpkg.
/// Throws Error{Usage} for what is no platform.
[[nodiscard]] Selection selection_of(const Arguments& arguments, bool of_archive);

}  // namespace ociferry
