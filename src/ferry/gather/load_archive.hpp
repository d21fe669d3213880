#pragma once

#include <memory>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Reads the whole graph of an archive of any format (everything but the layers of plain images) and checks that it is
/// complete: every image of every lock file, every child of every index, every blob. Of a sealed archive also that it
/// holds nothing else; of others, locations images are skipped, since new ones are made, and roots are the images
/// that the archive marks or tags and those that neither a lock file nor an index in it lists.
/// Throws Error{Incomplete} or Error{Corrupt} naming all that is missing or contradicts its manifest.
[[nodiscard]] ImageSet load_archive(const std::shared_ptr<ImageArchive>& archive, const Context& context);

/// Checks all that no digest covers against the seal. Nothing to do without one. Throws Error{Corrupt}.
void check_headers(const ImageArchive& archive);

/// The blobs of `archive` that `verify` hashes: all of a sealed one, of others those that its images consist of.
[[nodiscard]] std::vector<Descriptor> blobs_to_verify(const ImageArchive& archive, const ImageSet& set);

}  // namespace ociferry
