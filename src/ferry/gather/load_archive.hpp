#pragma once

#include <memory>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Reads the whole graph of an archive of any format (everything but the layers of plain images) and checks that it is
/// complete: every image of every lock file, every child of every index, every blob. A sealed archive must hold nothing
/// else. In other archives locations images are skipped, since new ones are made, and the roots are the images that are
/// marked, tagged, or not listed by a lock file or index. Throws Error{Incomplete} or Error{Corrupt} naming everything
/// that is missing or wrong.
[[nodiscard]] ImageSet load_archive(const std::shared_ptr<ImageArchive>& archive, const Context& context);

/// Checks the bytes that no digest covers against the seal, if the archive has one. Throws Error{Corrupt}.
void check_headers(const ImageArchive& archive);

/// The blobs of `archive` that `verify` hashes: all of a sealed archive, else those that its images need.
[[nodiscard]] std::vector<Descriptor> blobs_to_verify(const ImageArchive& archive, const ImageSet& set);

/// `context`, or one with a single job if `archive` is read once, or volumes of it must be brought: its blobs are read
/// in order then.
[[nodiscard]] Context in_order_if_needed(const Context& context, const ImageArchive& archive);

}  // namespace ociferry
