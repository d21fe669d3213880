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
  bool is_retired = false;                              ///< a run was killed while others took their place
  std::filesystem::path first = {};                     ///< volume 1, if there is no list
  std::shared_ptr<const ArchiveReader> begun = {};      ///< what begins in the file that was named, if an archive does
  std::vector<std::filesystem::path> directories = {};  ///< where volumes may be
};

/// The set that `path` belongs to; nullopt if it is something else. Reads directories, lists, and the beginnings of
/// files. `whole`, unless null, gets the archive if the file is all of one. Throws as find_volumes().
[[nodiscard]] std::optional<SetPlace> place_of_set(const std::filesystem::path& path, const VolumeSearch& search,
                                                   Progress& progress, std::shared_ptr<ArchiveReader>* whole);

/// Warns where the set is retired, or volumes of a retired one lie beside it.
void warn_of_retired(const SetPlace& place, const std::filesystem::path& path, Progress& progress);

/// All regular files in `directories`, but for unfinished ones, sorted by name within each.
[[nodiscard]] std::vector<VolumeFile> files_in(const std::vector<std::filesystem::path>& directories);
/// Those that may be volumes of a set: without retired ones, unless the set `is_retired`; then without what took their
/// names.
[[nodiscard]] std::vector<VolumeFile> volume_files_in(const std::vector<std::filesystem::path>& directories,
                                                      bool is_retired);
/// The name of a file, of a retired one that which it had.
[[nodiscard]] std::string volume_file_name(const std::filesystem::path& file);

}  // namespace ociferry
