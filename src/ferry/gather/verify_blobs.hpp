#pragma once

#include <vector>

#include "ferry/set/image_set.hpp"
#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Reads `blobs` of the archive, with their padding if it is sealed, and checks the digests, on as many
/// threads as `context.jobs` says, else one a core. Throws Error{Corrupt} that lists all that is damaged, and which
/// images of `set`, if given, need it.
void verify_blobs(ImageArchive& archive, const std::vector<Descriptor>& blobs, const Context& context,
                  const ImageSet* set = nullptr);

/// `lines`, each of which says what is wrong with the digest beside it, one below the other: with the images of `set`
/// that need it, as far as the first lines go.
[[nodiscard]] std::string list_of_damage(const std::vector<std::pair<Digest, std::string>>& lines, const ImageSet* set);

}  // namespace ociferry
