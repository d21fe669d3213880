#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "bundle/bundle.hpp"
#include "ociferry/error.hpp"
#include "transfer/caching_source.hpp"
#include "transfer/parsed_manifest.hpp"

namespace ociferry {

/// The places to search for one image, the best first, each once (ARCHITECTURE.md, "Where is an image?").
using Places = std::vector<RepositoryName>;

/// Which of the two possible places of an image is searched first.
enum class FirstPlace { Bundle, Lock };

/// The places of `image`, which the lock of `bundle` lists: what `locations` says (null if there are none that fit),
/// then the bundle's repository and the place that the lock names.
[[nodiscard]] Places places_of(const Reference& image, const RepositoryName& bundle, const Locations* locations,
                               FirstPlace first = FirstPlace::Bundle);

/// The search order for a bundle without locations: the lock's places first if the bundle's repository `source` lacks
/// the first image of `lock`, since it most likely lacks the others, too.
[[nodiscard]] FirstPlace first_place(CachingSource& source, const ImagesLock& lock);

/// An image and the repository that has it.
struct Located {
  ParsedManifest manifest;
  std::shared_ptr<CachingSource> source;
  RepositoryName name;
};

/// The image at the first of `places` that has it. A place that lacks it or denies access is skipped, and so is the
/// lock's own if it cannot be reached and another one is left; any other failure is thrown. Throws Error{NotFound}, or
/// the skipped failure, if no place is left.
[[nodiscard]] Located locate(const Reference& image, const Places& places,
                             const std::function<std::shared_ptr<CachingSource>(const RepositoryName&)>& open,
                             Progress& progress);

/// Error{NotFound} for an image that is nowhere; `words`: what the places say about it, see
/// Resolver::absence.
[[nodiscard]] Error not_found(const Reference& image, std::string_view words);

}  // namespace ociferry
