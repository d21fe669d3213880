#include "ferry/gather/named_archives.hpp"

#include <set>
#include <string>

#include "base/text.hpp"
#include "layout/sealed/volume_set.hpp"
#include "medium/volumes/volume_list.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

/// What is the same for all names of one set: the place of its first volume or, of one that is not whole, where it was
/// named and OUT. Empty if `path` names no set.
std::string set_named_by(const fs::path& path, const VolumeSearch& search) {
  std::error_code unknown;
  try {
    const auto set = find_volumes(path, search, silent_progress());
    return set ? fs::weakly_canonical(set->volumes.front().path, unknown).string() : "";
  } catch (const Error&) {
    const std::string file = path.filename().string();
    const auto volume = parse_volume_name(file);
    const std::string output = volume ? volume->output : file.substr(0, file.rfind(kVolumeListSuffix));
    return fs::weakly_canonical(directory_of_volume(path), unknown) / output;
  }
}

}  // namespace

VolumeSearch search_beside(const std::vector<fs::path>& paths, const VolumeSearch& given) {
  VolumeSearch search = given;
  std::error_code unknown;
  for (const fs::path& path : paths) {
    search.directories.push_back(fs::is_directory(path, unknown) ? path : directory_of_volume(path));
  }
  return search;
}

std::vector<fs::path> each_set_once(const std::vector<fs::path>& paths, const VolumeSearch& search) {
  if (paths.size() < 2) return paths;
  const VolumeSearch directories{.directories = search.directories};
  std::vector<fs::path> archives;
  std::set<std::string> sets;
  for (const fs::path& path : paths) {
    const std::string set = set_named_by(path, directories);
    if (set.empty() || sets.insert(set).second) archives.push_back(path);
  }
  return archives;
}

}  // namespace ociferry
