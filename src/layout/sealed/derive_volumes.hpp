#pragma once

#include <vector>

#include "layout/sealed/set_place.hpp"
#include "layout/sealed/volume_set.hpp"

namespace ociferry {

/// Where the volumes of a set without a list begin. What is there tells it: by its sizes, if all but the last have the
/// same; else by what must come next where a volume ends, whatever that is called, and from the end backwards. Of
/// volumes that are not there only names and places are known. Throws Error{Incomplete} if nothing tells the sizes of
/// those that are not there.
[[nodiscard]] std::vector<FoundVolume> derive_volumes(const SetPlace& place, const ArchivePlan& plan);

}  // namespace ociferry
