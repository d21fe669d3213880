#pragma once

#include <vector>

#include "layout/sealed/set_place.hpp"
#include "layout/sealed/volume_set.hpp"

namespace ociferry {

/// Where the volumes of a compact archive without a list begin, whose first one `place` has. Only names and sizes tell
/// it: all but the last are as large as the first; or, which is a warning, media of several sizes were filled. What is
/// missing at the end does not show, which is a warning where it may be so. Throws Error{Corrupt} naming the volumes
/// whose size is none that a volume can have, Error{Incomplete} if sizes differ and one is missing.
[[nodiscard]] std::vector<FoundVolume> derive_compact_volumes(const SetPlace& place, Progress& progress);

}  // namespace ociferry
