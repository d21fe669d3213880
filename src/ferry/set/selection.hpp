#pragma once

#include <string>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/selection.hpp"

namespace ociferry {

/// True if the patterns of `selection` choose what is called `name`, by tag or digest; `digest` is its digest if known.
[[nodiscard]] bool chooses(const Selection& selection, const Reference& name, const std::optional<Digest>& digest);

/// Tells how many of `requested` names are left out, and which. Throws Error{Usage} with the names that there are if
/// none is `left`.
void tell_left_out(const std::vector<Reference>& left_out, const std::vector<Reference>& requested, Progress& progress);

/// The part of an archive's `set` that `selection` chooses, with all that it needs and what is attached to that. The
/// names of roots that are left out are added to `left_out`. Throws Error{Usage} if nothing is chosen, or the set lacks
/// a requested name.
[[nodiscard]] ImageSet select_images(const ImageSet& set, const Selection& selection, Progress& progress,
                                     std::vector<Reference>& left_out);

}  // namespace ociferry
