#pragma once

#include "ferry/deliver/placement.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/names.hpp"

namespace ociferry {

/// The rule of a destination where images keep their names. Throws Error{Usage} for names that registries refuse
/// (distribution-spec, "Pulling manifests": the grammar of <name>; at most 255 characters) or that a mapping refuses.
[[nodiscard]] NameRule name_rule(NamedDestination destination);

/// Warns of a mapping of one name, as of an "OLD=NEW" argument, that nothing in `set` has.
void warn_of_unused_mappings(const RelocateOptions& options, const ImageSet& set, Progress& progress);

/// Where the images of an import or copy go.
[[nodiscard]] Placement placement_of(const RelocateOptions& options);

}  // namespace ociferry
