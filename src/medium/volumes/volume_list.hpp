#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ociferry/digest.hpp"

namespace ociferry {

inline constexpr std::size_t kMostVolumes = 999;
/// So many bytes from the beginning of a volume are covered by VolumeEntry::begin.
inline constexpr std::uint64_t kVolumeBegin = 65536;
inline constexpr std::string_view kVolumeListSuffix = ".volumes.json";

/// What is behind the name of a list while the volumes it names are removed, to be replaced. A run that is killed then
/// leaves it, and the next one knows by it which volumes are ours.
inline constexpr std::string_view kRetiredListSuffix = ".old";

/// One volume in the list of a set.
struct VolumeEntry {
  std::string name;  ///< of its file, without a directory
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  Digest digest;  ///< of all its bytes
  Digest begin;   ///< of its first kVolumeBegin bytes, or all if it has fewer: tells it from others
  /// What lies in it, also with a part only: digests of blobs, and names of files before them. For people and scripts;
  /// a reader takes it from the seal.
  std::vector<std::string> holds = {};
};

/// The content of OUT.volumes.json: docs/archive-format.md.
struct VolumeList {
  Digest set;  ///< the digest of the archive's seal; of a compact archive that of all its bytes
  std::uint64_t archive_bytes = 0;
  bool is_compact = false;  ///< the volumes make a compact archive
  std::vector<VolumeEntry> volumes = {};
};

[[nodiscard]] std::string to_json(const VolumeList& list);
/// Strict: the sizes must add up, and names be those of files. Throws Error{Hostile} that begins with `what`, also if
/// a newer ociferry wrote it.
[[nodiscard]] VolumeList parse_volume_list(std::string_view text, const std::string& what);

/// "OUT.001"
[[nodiscard]] std::string volume_name(std::string_view output, std::size_t number);
/// "OUT.volumes.json"
[[nodiscard]] std::string volume_list_name(std::string_view output);
/// For messages, "OUT (3 volumes)": all of an archive.
[[nodiscard]] std::string name_of_volumes(std::string_view output, std::size_t count);

/// A file name that a volume may have.
struct VolumeName {
  std::string output;  ///< "OUT"
  std::size_t number = 0;
};
/// nullopt unless `file` ends with a point and three digits, 001 or more.
[[nodiscard]] std::optional<VolumeName> parse_volume_name(std::string_view file);

}  // namespace ociferry
