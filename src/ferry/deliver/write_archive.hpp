#pragma once

#include <filesystem>

#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Writes `set` to a sealed archive, which gets its name when it is complete. Throws Error; then the partial file is
/// kept for the next run. Frees the set before reading the archive back, which needs as much memory again. Blocks on
/// the sources of the set's blobs.
TransferReport write_archive(ImageSet set, const std::filesystem::path& output, const Context& context);

}  // namespace ociferry
