#pragma once

#include <vector>

#include "ferry/gather/registries.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// What an export takes along. Refers to `registries`; what patterns do not choose is added to `left_out`. Blocks on
/// the registries. Throws Error.
[[nodiscard]] ImageSet requested_set(const ExportOptions& options, Registries& registries, const Context& context,
                                     std::vector<Reference>& left_out);

}  // namespace ociferry
