#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

// Incomplete indexes: a tool that saves only one platform must keep the index unchanged, since its digest depends on
// it.

/// The children that `image` or an index below it lists and `graph` lacks, sorted by digest, without duplicates.
[[nodiscard]] std::vector<Descriptor> absent_below(const Graph& graph, const Digest& image);

/// The number of different children that are absent from indexes of `set`.
[[nodiscard]] std::size_t count_absent(const ImageSet& set);

/// The images of `set` of which something is absent.
[[nodiscard]] std::vector<PartialIndex> partial_indexes(const ImageSet& set);

/// What refers to `index` by its digest, so that no other can take its place; nullopt if nothing does.
[[nodiscard]] std::optional<std::string> who_needs(const ImageSet& set, const SetImage& index);

/// Warns about each image of `set` that lacks some of its children, except for children of platforms that are not in
/// `wanted` (empty: all platforms).
void warn_of_absent_children(const ImageSet& set, Progress& progress, const std::vector<Platform>& wanted = {});

}  // namespace ociferry
