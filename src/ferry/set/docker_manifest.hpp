#pragma once

#include <set>
#include <string>

#include "ferry/set/image_set.hpp"

namespace ociferry {

/// True if a container runtime can load `image`: its configuration and layers have an image's media types and are all
/// moved. An index is runnable if one of its children is. Artifacts and referrers are not.
[[nodiscard]] bool is_runnable(const ImageSet& set, const SetImage& image);

/// The bytes of an archive's `manifest.json`, in the format of `docker save`, for `docker load` before Docker 25 and
/// `podman load`. Lists every runnable image with its names, and of an index each linux child: the amd64 one, or else
/// the first, has the index's names; the others have these names with their platforms. Images that need one
/// of `left_out` cannot be loaded, and are not listed. A pure function.
[[nodiscard]] std::string docker_manifest(const ImageSet& set, const std::set<Digest>& left_out = {});

}  // namespace ociferry
