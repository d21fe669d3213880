#pragma once

#include <memory>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"
#include "transfer/caching_source.hpp"

namespace ociferry {

/// The images that an archive lists, and their graph.
struct LoadedImages {
  std::vector<SetImage> images = {};
  Graph graph = {};
};

/// Reads the images of `archive` through `source`, a cache of it. Throws Error{Incomplete} if a manifest is missing.
[[nodiscard]] LoadedImages load_images(ImageArchive& archive, const std::shared_ptr<CachingSource>& source,
                                       const Context& context);

}  // namespace ociferry
