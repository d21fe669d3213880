#pragma once

#include <vector>

#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Reads `blobs` of the archive, with their padding if it is sealed, and checks the digests, on as many
/// threads as `context.jobs` says, else one a core. Throws Error{Corrupt} that lists all that is damaged.
void verify_blobs(ImageArchive& archive, const std::vector<Descriptor>& blobs, const Context& context);

}  // namespace ociferry
