#pragma once

#include <string>

#include "ferry/set/image_set.hpp"

namespace ociferry {

/// True if a container runtime can load `image`: its configuration and layers are those of an image, and all of them
/// are moved; of an index, if that holds for one of its children. Artifacts and referrers are none.
[[nodiscard]] bool is_runnable(const ImageSet& set, const SetImage& image);

/// The bytes of an archive's `manifest.json`, in the form of `docker save`: what `docker load` (before Docker 25) and
/// `podman load` read. It lists every runnable image by its names. Of an index that is each linux child: the one for
/// amd64, or the first, has the index's own names, the others have names that end in their platform. A pure function of
/// the set.
[[nodiscard]] std::string docker_manifest(const ImageSet& set);

}  // namespace ociferry
