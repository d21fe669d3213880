#pragma once

#include <vector>

#include "layout/sealed/set_place.hpp"
#include "layout/sealed/volume_set.hpp"

namespace ociferry {

/// Finds the offsets of the volumes of a set without a list: by their sizes, if all but the last have the same; else by
/// the headers that must follow where a volume ends, for files of any name, and from the end backwards. Of absent
/// volumes only names and offsets are known. Throws Error{Incomplete} if the sizes of absent volumes cannot be derived.
[[nodiscard]] std::vector<FoundVolume> derive_volumes(const SetPlace& place, const ArchivePlan& plan);

}  // namespace ociferry
