#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "medium/volumes/volume_list.hpp"
#include "ociferry/digest.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

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
  std::filesystem::path first = {};                     ///< volume 1, if there is no list
  std::vector<std::filesystem::path> directories = {};  ///< where volumes may be
};

/// The set that `path` belongs to; nullopt if it is something else. Reads directories, lists, and the beginnings of
/// files. Throws as find_volumes().
[[nodiscard]] std::optional<SetPlace> place_of_set(const std::filesystem::path& path, const VolumeSearch& search,
                                                   Progress& progress);

/// All regular files in `directories`, but for unfinished ones, sorted by name within each.
[[nodiscard]] std::vector<VolumeFile> files_in(const std::vector<std::filesystem::path>& directories);

}  // namespace ociferry
