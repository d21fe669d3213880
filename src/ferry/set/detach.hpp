#pragma once

#include <set>
#include <vector>

#include "ferry/set/image_set.hpp"

namespace ociferry {

/// Takes out of `images` what is attached only to manifests in `gone`, or to what is taken out itself, and returns its
/// references. Of what stays, the tags that attach it to these are taken off. `graph` has the manifests of `images`.
std::vector<Reference> detach(std::vector<SetImage>& images, const Graph& graph, std::set<Digest> gone);

/// All manifests of `graph` that `images` need.
[[nodiscard]] std::set<Digest> manifests_of(const std::vector<SetImage>& images, const Graph& graph);

}  // namespace ociferry
