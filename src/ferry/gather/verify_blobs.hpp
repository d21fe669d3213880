#pragma once

#include <exception>
#include <string>
#include <utility>
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

/// The same, but returns for each blob what it failed with, or null.
[[nodiscard]] std::vector<std::exception_ptr> check_blobs(ImageArchive& archive, const std::vector<Descriptor>& blobs,
                                                          const Context& context);

/// "needed by A, B and 3 more"; empty if no image needs it. Searches all images.
[[nodiscard]] std::string needed_by(const ImageSet& set, const Digest& blob);

/// Joins `lines`, each a digest and what is wrong with it, into a list. The first ones name the images of `set` that
/// need the digest.
[[nodiscard]] std::string list_of_damage(const std::vector<std::pair<Digest, std::string>>& lines, const ImageSet* set);

}  // namespace ociferry
