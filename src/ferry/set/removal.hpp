#pragma once

#include <string>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "ociferry/release_store.hpp"

namespace ociferry {

/// What is left of a set when names were taken out.
struct Removal {
  ImageSet rest;
  std::vector<Reference> names = {};          ///< those taken out
  std::vector<Reference> gone = {};           ///< images that `rest` has no more, by digest
  std::vector<NeededImage> still_there = {};  ///< images whose names were taken out, but that others need
};

/// Takes the names that `images` mean (`matching_names`) out of `set`, and all that only they needed. Throws
/// Error{Usage} for a name that the archive does not have, or that is no root's, and if nothing would be left.
[[nodiscard]] Removal without_images(const ImageSet& set, const std::vector<std::string>& images);

}  // namespace ociferry
