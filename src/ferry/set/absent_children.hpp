#pragma once

#include <vector>

#include "ferry/set/image_set.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

// Incomplete indexes: a tool that saves only one platform must keep the index unchanged, since its digest depends on
// it.

/// The children that `image` or an index below it lists and `graph` lacks, sorted by digest, without duplicates.
[[nodiscard]] std::vector<Descriptor> absent_below(const Graph& graph, const Digest& image);

/// Warns about each image of `set` that lacks some of its children.
void warn_of_absent_children(const ImageSet& set, Progress& progress);

}  // namespace ociferry
