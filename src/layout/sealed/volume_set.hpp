#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "layout/sealed/archive_plan.hpp"
#include "medium/medium.hpp"
#include "medium/volumes/volume_list.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

class ArchiveReader;
class DeviceReader;

/// A volume of a set, and where it was found.
struct FoundVolume {
  std::string name;  ///< that it was written with
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::filesystem::path path = {};  ///< empty: not there yet
};

/// The volumes of an archive.
struct VolumeSet {
  std::string output;                                   ///< "OUT"
  std::optional<VolumeList> list = {};                  ///< OUT.volumes.json, if there is one
  std::filesystem::path list_path = {};                 ///< of that
  bool is_compact = false;                              ///< they make a compact archive
  ArchivePlan plan = {};                                ///< of the archive; empty if it is compact
  std::vector<FoundVolume> volumes = {};                ///< in order; at least one
  std::vector<std::filesystem::path> directories = {};  ///< where they may be
};

/// Finds the set that `path` belongs to: a volume, also a renamed one, the list of a set, or a directory with either.
/// nullopt if `path` is something else. Volumes are identified by their sizes, the list, and the tar headers that must
/// be in them; those of a compact archive by sizes and the list, or by their names; no more is read. Duplicate,
/// swapped, renamed and superfluous volumes are warnings. Throws Error{Incomplete}, Error{Corrupt} with a list of
/// missing, truncated, stale and foreign volumes, unless `search.ask` can get them; Error{Io}. `whole`, unless null,
/// gets the archive if the file is a whole one, so that it is not read twice.
[[nodiscard]] std::optional<VolumeSet> find_volumes(const std::filesystem::path& path, const VolumeSearch& search,
                                                    Progress& progress,
                                                    std::shared_ptr<ArchiveReader>* whole = nullptr);

/// The archive that the volumes make. Volumes that are not there are asked for when they are needed. With `device`,
/// they are read through that, which must outlive the medium.
[[nodiscard]] std::unique_ptr<Medium> open_volumes(VolumeSet set, const std::filesystem::path& path,
                                                   const VolumeSearch& search, DeviceReader* device = nullptr);

/// Whether bytes may be those of an archive from an offset on.
enum class Fit {
  No,
  Unknown,  ///< no header lies there
  Yes,
};
/// Compares the first headers of `plan` that lie within the `size` bytes from `offset` on with what `volume`, whose
/// first byte is at `offset`, has there. Throws Error{Io}.
[[nodiscard]] Fit fits(const Medium& volume, const ArchivePlan& plan, std::uint64_t offset, std::uint64_t size);

/// What lies in the bytes from `offset` to `end`, also with a part only: as in VolumeEntry::holds.
[[nodiscard]] std::vector<std::string> held_within(const ArchivePlan& plan, std::uint64_t offset, std::uint64_t end);

/// The digest of the first kVolumeBegin bytes of a medium. Throws Error{Io}.
[[nodiscard]] Digest digest_of_begin(const Medium& volume);

}  // namespace ociferry
