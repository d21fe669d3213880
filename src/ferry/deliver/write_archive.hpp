#pragma once

#include <filesystem>
#include <memory>

#include "ferry/set/image_set.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Writes `set` to a sealed archive, which gets its name when it is complete. Throws Error; then the partial file is
/// kept for the next run. Frees the set before reading the archive back, which needs as much memory again. Blocks on
/// the sources of the set's blobs.
TransferReport write_archive(ImageSet set, const std::filesystem::path& output, const Context& context);

/// Throws Error{Usage} for an archive that no import would read.
void check_readable(const ArchivePlan& plan);

/// The archive that has the output's name already, or null, if it is none of ours or its beginning is damaged.
[[nodiscard]] std::shared_ptr<ArchiveReader> open_existing(const std::filesystem::path& path, Progress& progress);

}  // namespace ociferry
