#pragma once

#include <vector>

#include "ferry/set/image_set.hpp"
#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Reads `blobs` of the archive, with their padding if it is sealed, and checks their digests, on `context.jobs`
/// threads or one per core. Throws Error{Corrupt} listing all damaged blobs, and the images of `set`, if given, that
/// need them.
void verify_blobs(ImageArchive& archive, const std::vector<Descriptor>& blobs, const Context& context,
                  const ImageSet* set = nullptr);

/// Joins `lines`, each a digest and what is wrong with it, into a list. The first ones name the images of `set` that
/// need the digest.
[[nodiscard]] std::string list_of_damage(const std::vector<std::pair<Digest, std::string>>& lines, const ImageSet* set);

}  // namespace ociferry
