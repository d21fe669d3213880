#pragma once

#include <map>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

// Transfers for some platforms only: `wanted` is empty for all.

/// `set` without children of indexes for other platforms, and without what is attached to these only. The indexes are
/// unchanged. Throws Error{NotFound} that lists the platforms of an index if none is wanted.
[[nodiscard]] ImageSet select_platforms(ImageSet set, const std::vector<Platform>& wanted);

/// Warns about the indexes that have no child for one of the platforms.
void warn_of_lacking_platforms(const ImageSet& set, const std::vector<Platform>& wanted, Progress& progress);

/// Warns about images, with the platform of each, which are taken along though they are for another one, since they are
/// no index: an index, a lock file or the user names them.
void warn_of_other_platforms(const std::map<std::string, Platform>& images, Progress& progress);

}  // namespace ociferry
