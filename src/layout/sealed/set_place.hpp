#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "medium/volumes/volume_list.hpp"
#include "ociferry/digest.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

class ArchiveReader;

/// A file that may be a volume.
struct VolumeFile {
  std::filesystem::path path;
  std::uint64_t size = 0;
};

/// What a name on the command line says of a set of volumes.
struct SetPlace {
  std::string output = {};                              ///< "OUT"; empty if only contents tell what belongs together
  std::optional<VolumeList> list = {};                  ///< what OUT.volumes.json says
  std::filesystem::path list_path = {};                 ///< of that
  bool is_compact = false;                              ///< the volumes make a compact archive
  std::filesystem::path first = {};                     ///< volume 1, if there is no list
  std::shared_ptr<const ArchiveReader> begun = {};      ///< what begins in the file that was named, if an archive does
  std::vector<std::filesystem::path> directories = {};  ///< where volumes may be
};

/// The set that `path` belongs to; nullopt if it is something else. Reads directories, lists, and the beginnings of
/// files. `whole`, unless null, gets the archive if the file is all of one. Throws as find_volumes().
[[nodiscard]] std::optional<SetPlace> place_of_set(const std::filesystem::path& path, const VolumeSearch& search,
                                                   Progress& progress, std::shared_ptr<ArchiveReader>* whole);

/// All regular files in `directories`, but for unfinished ones, sorted by name within each.
[[nodiscard]] std::vector<VolumeFile> files_in(const std::vector<std::filesystem::path>& directories);

}  // namespace ociferry
