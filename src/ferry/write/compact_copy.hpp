#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "ferry/write/whole_copy.hpp"
#include "medium/medium.hpp"
#include "ociferry/digest.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/split.hpp"

namespace ociferry {

/// The bytes of a compact archive, in one file or in volumes.
struct PackedArchive {
  std::unique_ptr<Medium> bytes;
  std::optional<Digest> digest = {};  ///< that they must have, if there is a list of volumes
};

/// True if `path` names volumes of a compact archive. Throws as find_volumes() does before it looks at volumes.
[[nodiscard]] bool is_compact_set(const std::filesystem::path& path, const VolumeSearch& search);
/// nullopt if `path` is something else. Volumes that are not there are asked for when they are read. Throws as
/// find_volumes().
[[nodiscard]] std::optional<PackedArchive> open_packed(const std::filesystem::path& path, const Context& context);

/// Writes the same bytes once more, in one file or in volumes. What was written is read back and checked before it gets
/// its name. Throws Error{Corrupt} if the bytes are damaged, and what CompactOutput throws; then nothing is left.
[[nodiscard]] SplitReport copy_packed(const PackedArchive& packed, const CopyOutput& to, const Context& context);

}  // namespace ociferry
