#pragma once

#include <string>
#include <vector>

#include "ociferry/descriptor.hpp"

namespace ociferry {

/// Which images are transferred, and for which platforms. By default: all, for all.
///
/// Patterns are those of the shell: `*` (any characters, also '/'), `?` and `[...]`. They are compared with each name
/// of an image at the source: "registry/path", "registry/path:tag" and "registry/path@digest". What a selected image
/// needs (the images of a bundle, the children of an index, attachments) goes with it.
struct Selection {
  std::vector<std::string> include = {};  ///< roots and images of bundles that match none of these are left out
  std::vector<std::string> exclude = {};  ///< what matches one of these is left out
  /// The children of indexes that are transferred: those of one of these platforms, and those of no platform, such as
  /// attestations of a child that is. The index keeps its bytes and its digest. Empty: all.
  std::vector<Platform> platforms = {};

  [[nodiscard]] bool selects_images() const noexcept { return !include.empty() || !exclude.empty(); }
};

}  // namespace ociferry
