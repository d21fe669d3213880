#pragma once

#include <set>
#include <vector>

#include "ociferry/descriptor.hpp"

namespace ociferry {

/// True if an index says for which system and architecture `child` is.
[[nodiscard]] bool has_platform(const Descriptor& child);

/// Those of the `children` of an index that are left out where only `wanted` (empty: all) are transferred:
/// the ones for other platforms, and builders' attestations of these. What has no platform stays.
[[nodiscard]] std::set<Digest> other_platforms(const std::vector<Descriptor>& children,
                                               const std::vector<Platform>& wanted);

}  // namespace ociferry
