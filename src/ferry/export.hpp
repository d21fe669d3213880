#pragma once

#include <filesystem>

#include "ferry/image_set.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Writes `set` into a sealed archive; its name appears when it is complete. Throws Error; then what was written is
/// kept for the next run. Blocks on the places that the set's blobs are read from.
TransferReport write_archive(const ImageSet& set, const std::filesystem::path& output, const Context& context);

}  // namespace ociferry
