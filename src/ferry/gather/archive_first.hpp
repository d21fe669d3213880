#pragma once

#include <memory>

#include "ferry/gather/discover.hpp"
#include "layout/image_archive.hpp"

namespace ociferry {

/// Opens what `open` opens, but reads the blobs that `archive` has from there. Manifests, tags and lists of referrers
/// still come from the registries.
[[nodiscard]] OpenSource archive_first(OpenSource open, std::shared_ptr<ImageArchive> archive);

}  // namespace ociferry
