#pragma once

#include <functional>

#include "ferry/set/image_set.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// The repository that an image of a set goes to: a pure function. A rule must keep two things together: what is
/// attached to an image goes to the same repository, where verifiers look for it, and a bundle's images to the same
/// registry, since locations can name no other.
using Placement = std::function<RepositoryName(const SetImage& image)>;

/// The placement of imgpkg: all images in one repository.
[[nodiscard]] Placement everything_to(RepositoryName repository);

/// Throws Error{Usage} if two images would claim one tag of one repository.
void check_tags(const ImageSet& set, const Placement& placement, bool root_tags);

/// Where the images of `bundle` are once all of `set` is placed. Throws Error{Usage} if one of them goes to another
/// registry than the bundle.
[[nodiscard]] Locations placed_locations(const ImageSet& set, const SetImage& bundle, const Placement& placement);

}  // namespace ociferry
