#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "bundle/bundle.hpp"
#include "ociferry/error.hpp"
#include "transfer/caching_source.hpp"
#include "transfer/parsed_manifest.hpp"

namespace ociferry {

/// The repositories to search for one image, best first, without duplicates (ARCHITECTURE.md, "Where is an image?").
using Places = std::vector<RepositoryName>;

/// Which place is searched first: the bundle's repository or the one in the lock file.
enum class FirstPlace { Bundle, Lock };

/// The places of `image`, which the lock file of a bundle lists: its entry in `locations`, which may be null, then the
/// repository `bundle` and the one that the lock file names, in the order that `first` says.
[[nodiscard]] Places places_of(const Reference& image, const RepositoryName& bundle, const Locations* locations,
                               FirstPlace first = FirstPlace::Bundle);

/// True if a bundle's repository is asked for the first image of `lock`, to learn where the others are. A single image
/// would be searched in both places anyway.
[[nodiscard]] bool is_probed(const ImagesLock& lock) noexcept;
/// The search order for a bundle without locations: the lock file's places first if the bundle's repository `source`
/// lacks the first image of `lock`, since it probably lacks the others, too; found out if `is_probed`.
[[nodiscard]] FirstPlace first_place(CachingSource& source, const ImagesLock& lock);

/// An image and the repository that has it.
struct Located {
  ParsedManifest manifest;
  std::shared_ptr<CachingSource> source;
  RepositoryName name;
};

/// The image at the first of `places` that has it. Skips places that lack it or deny access, and the lock file's if it
/// is unreachable and not the last; throws any other error. Throws Error{NotFound}, or the last skipped error, if no
/// place is left.
[[nodiscard]] Located locate(const Reference& image, const Places& places,
                             const std::function<std::shared_ptr<CachingSource>(const RepositoryName&)>& open,
                             Progress& progress);

/// Error{NotFound} for an image; `words` are the registries' answers, see Resolver::absence.
[[nodiscard]] Error not_found(const Reference& image, std::string_view words);

}  // namespace ociferry
