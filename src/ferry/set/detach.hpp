#pragma once

#include <set>
#include <vector>

#include "ferry/set/image_set.hpp"

namespace ociferry {

/// Removes from `images` those that are attached only to manifests in `gone`, or to removed ones, and returns their
/// references. Others lose the tags that attach them to these. `graph` has the manifests of `images`.
std::vector<Reference> detach(std::vector<SetImage>& images, const Graph& graph, std::set<Digest> gone);

/// All manifests of `graph` that `images` need.
[[nodiscard]] std::set<Digest> manifests_of(const std::vector<SetImage>& images, const Graph& graph);

}  // namespace ociferry
