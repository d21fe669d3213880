#pragma once

#include <optional>

#include "ferry/deliver/blob_pass.hpp"
#include "ferry/deliver/placement.hpp"
#include "ferry/gather/registries.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/several.hpp"

namespace ociferry {

/// Relocates into repositories of registries, then writes the lock file if requested. `given_lock`: see
/// relocated_lock(). `pass`: see `relocate`.
TransferReport relocate_to_registry(const ImageSet& set, const Placement& placement, const RelocateOptions& options,
                                    const std::optional<ImagesLock>& given_lock, Registries& registries,
                                    const Context& context, const BlobPass& pass = {});

/// What that would do, found out without writing anything.
[[nodiscard]] ImportPlan plan_relocation_to_registry(const ImageSet& set, const Placement& placement,
                                                     const RelocateOptions& options,
                                                     const std::optional<ImagesLock>& given_lock,
                                                     Registries& registries, const Context& context);

/// The same for several destinations, in one pass over the source of the images: see `relocate_to_all`.
[[nodiscard]] std::vector<DestinationReport> relocate_to_registries(const ImageSet& set,
                                                                    const std::vector<RelocateOptions>& destinations,
                                                                    Registries& registries, const Context& context,
                                                                    const BlobPass& pass = {});

}  // namespace ociferry
