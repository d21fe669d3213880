#pragma once

#include <vector>

#include "ferry/set/image_set.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

// Indexes of which not all is there: whoever saves one platform of many keeps the index as it was, since its bytes
// carry its digest.

/// The children that `image`, or an index below it, lists and `graph` lacks; by digest, each once.
[[nodiscard]] std::vector<Descriptor> absent_below(const Graph& graph, const Digest& image);

/// Warns about each image of `set` that lacks some of its children.
void warn_of_absent_children(const ImageSet& set, Progress& progress);

}  // namespace ociferry
