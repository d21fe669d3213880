#pragma once

#include <filesystem>

#include "layout/image_archive.hpp"
#include "ociferry/split.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

/// Where all of an archive is copied to.
struct CopyOutput {
  std::filesystem::path file = {};  ///< or OUT of OUT.001
  VolumeRule volumes = {};
  bool force = false;          ///< see ExportOptions
  bool verify_medium = false;  ///< see ExportOptions
};

/// Throws Error if nothing can be written there. Call it before any other work.
void check_copy_output(const CopyOutput& to);

/// Copies a sealed archive byte for byte; also one that is read once, in order. Each blob is proved by its digest. What
/// is there already, the same in each byte, is left alone. Throws Error.
[[nodiscard]] SplitReport copy_whole(ImageArchive& archive, const CopyOutput& to, const Context& context);

}  // namespace ociferry
