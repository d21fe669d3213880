#pragma once

#include <string>
#include <vector>

#include "ociferry/descriptor.hpp"

namespace ociferry {

/// Which images are transferred, and for which platforms. By default: all, for all.
///
/// It chooses among what was requested: the sources of an export or copy, or the roots of an archive. A chosen image
/// includes all that it needs (the images of a bundle, the children of an index), even if `exclude` matches that, and
/// all attached artifacts. Throws Error{Usage} that lists the existing names if nothing is left.
///
/// Patterns are those of the shell: `*` (any characters, also '/'), `?` and `[...]`. They are compared with each name
/// of an image at the source: "registry/path", "registry/path:tag" and "registry/path@digest". An image that is
/// requested from a registry by its tag has no name by digest. The registry of Docker Hub is docker.io.
struct Selection {
  /// Archives: names of the bundles, and of the other images, that are requested of it; also of those that only a
  /// bundle lists. By repository, tag or digest. Empty: its roots. A name that the archive does not have is an
  /// Error{Usage}.
  std::vector<std::string> bundles = {};
  std::vector<std::string> images = {};
  std::vector<std::string> include = {};  ///< what matches none of these is left out; empty: nothing is
  std::vector<std::string> exclude = {};  ///< what matches one of these is left out
  /// The children of indexes that are transferred: those for one of these platforms, and those without a platform, but
  /// for attestations of other children. Compared as containerd does: `arm64` is `arm64/v8`. The index keeps its bytes
  /// and its digest. Empty: all.
  std::vector<Platform> platforms = {};

  [[nodiscard]] bool selects_images() const noexcept {
    return !bundles.empty() || !images.empty() || !include.empty() || !exclude.empty();
  }
};

}  // namespace ociferry
