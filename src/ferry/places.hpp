#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "ociferry/bundle.hpp"
#include "ociferry/error.hpp"
#include "transfer/caching_source.hpp"

namespace ociferry {

/// Where to look for one image, the best place first, each once (ARCHITECTURE.md, "Where is an image?").
using Places = std::vector<RepositoryName>;

/// The places of `image`, which the lock of `bundle` lists: what `locations` says (null if there are none that fit),
/// the bundle's repository, the place that the lock names.
[[nodiscard]] Places places_of(const Reference& image, const RepositoryName& bundle, const Locations* locations);

/// An image and the repository that has it.
struct Located {
  RawManifest raw;
  std::shared_ptr<CachingSource> source;
  RepositoryName name;
};

/// The image at the first of `places` that has it. One that lacks it or may not be read is passed over; any other
/// failure is thrown. Throws Error{NotFound}, or the refusal, if no place is left.
[[nodiscard]] Located locate(const Reference& image, const Places& places,
                             const std::function<std::shared_ptr<CachingSource>(const RepositoryName&)>& open,
                             Progress& progress);

/// Error{NotFound} for an image that is nowhere.
[[nodiscard]] Error not_found(const Reference& image);

}  // namespace ociferry
