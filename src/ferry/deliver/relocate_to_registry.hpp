#pragma once

#include <optional>

#include "ferry/deliver/placement.hpp"
#include "ferry/gather/registries.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"

namespace ociferry {

/// Relocates into repositories of registries, then writes the lock file if requested. `given_lock`: see
/// relocated_lock().
TransferReport relocate_to_registry(const ImageSet& set, const Placement& placement, const RelocateOptions& options,
                                    const std::optional<ImagesLock>& given_lock, Registries& registries,
                                    const Context& context);

/// What that would do, found out without writing anything.
[[nodiscard]] ImportPlan plan_relocation_to_registry(const ImageSet& set, const Placement& placement,
                                                     const RelocateOptions& options,
                                                     const std::optional<ImagesLock>& given_lock,
                                                     Registries& registries, const Context& context);

}  // namespace ociferry
