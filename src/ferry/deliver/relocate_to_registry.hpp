#pragma once

#include <optional>

#include "ferry/deliver/placement.hpp"
#include "ferry/gather/registries.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// `relocate` into repositories of registries, then the lock file if one is asked for.
TransferReport relocate_to_registry(const ImageSet& set, const Placement& placement, const RelocateOptions& options,
                                    const std::optional<ImagesLock>& asked, Registries& registries,
                                    const Context& context);

}  // namespace ociferry
