#pragma once

#include <filesystem>

#include "ferry/image_set.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// What is written as `path`: what it leads to if it is a link, be that there already or not; else itself. Throws
/// Error{Usage} for links that lead in circles.
[[nodiscard]] std::filesystem::path behind_links(const std::filesystem::path& path);

/// Throws Error if `output` cannot be the name of an archive: to be asked before anything is done for it.
void check_output(const std::filesystem::path& output);

/// Writes `set` into a sealed archive; its name appears when it is complete. Throws Error; then what was written is
/// kept for the next run. Blocks on the places that the set's blobs are read from.
TransferReport write_archive(const ImageSet& set, const std::filesystem::path& output, const Context& context);

}  // namespace ociferry
