#include "ferry/gather/named_archives.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "base/text.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/set_place.hpp"
#include "layout/sealed/volume_set.hpp"
#include "medium/volumes/volume_list.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

fs::path real_path(const fs::path& path) {
  std::error_code unknown;
  return fs::weakly_canonical(path, unknown);
}

bool names_directory(const fs::path& path) {
  std::error_code unknown;
  return fs::is_directory(path, unknown);
}

/// Where the volumes lie that `path` names.
fs::path directory_named_by(const fs::path& path) { return names_directory(path) ? path : directory_of_volume(path); }

/// OUT in the name of a volume, or of a list; empty for others.
std::string output_in_name(const fs::path& path) {
  const std::string file = path.filename().string();
  if (const auto volume = parse_volume_name(file)) return volume->output;
  return file.ends_with(kVolumeListSuffix) ? file.substr(0, file.size() - kVolumeListSuffix.size()) : "";
}

/// What is the same for all names of one set.
struct SetName {
  std::string text = {};  ///< empty: no set, or nothing to tell it by
  bool is_found = true;   ///< false if it cannot be told what belongs to the set, as without its list and volume 1
};

/// OUT of all volumes in a directory; empty if they have several, or there are none.
std::string output_of_all(const fs::path& directory) {
  std::set<std::string> outputs;
  for (const VolumeFile& file : files_in({directory})) {
    if (const auto volume = parse_volume_name(file.path.filename().string())) outputs.insert(volume->output);
  }
  return outputs.size() == 1 ? *outputs.begin() : "";
}

/// OUT of the set that `path` belongs to, as far as that can be told without its volumes; else empty.
std::string output_of_set(const fs::path& path, const VolumeSearch& search) {
  try {
    if (const auto place = place_of_set(path, search, silent_progress(), nullptr)) return place->output;
  } catch (const Error&) {  // whoever opens it tells why
  }
  return names_directory(path) ? output_of_all(path) : output_in_name(path);
}

/// By its first volume that is there; nobody is asked for others.
SetName name_of_set(const fs::path& path, const VolumeSearch& search) {
  const VolumeSearch what_is_there{.directories = search.directories, .ask = [](const WantedVolume&) { return false; }};
  try {
    const auto set = find_volumes(path, what_is_there, silent_progress());
    if (!set) return {};
    const auto there =
        std::ranges::find_if(set->volumes, [](const FoundVolume& volume) { return !volume.path.empty(); });
    if (there != set->volumes.end()) return {.text = text::cat("volume ", real_path(there->path).string())};
  } catch (const Error&) {  // as above
  }
  const std::string output = output_of_set(path, what_is_there);
  if (output.empty()) return {.is_found = false};
  const fs::path directory = real_path(directory_named_by(path));
  const bool is_searched_by_all = std::ranges::any_of(
      search.directories, [&](const fs::path& searched) { return real_path(searched) == directory; });
  return {.text = text::cat("set ", is_searched_by_all ? output : (directory / output).string()), .is_found = false};
}

bool is_whole(const fs::path& path, const VolumeSearch& search) {
  const VolumeSearch directories{.directories = search.directories};
  try {
    return find_volumes(path, directories, silent_progress()).has_value();
  } catch (const Error&) {
    return false;
  }
}

/// True if `path` may name volumes with other names than they were written with.
bool may_name_renamed_volumes(const fs::path& path, const VolumeSearch& search) {
  if (names_directory(path)) return true;
  std::shared_ptr<ArchiveReader> whole;
  try {
    static_cast<void>(place_of_set(path, search, silent_progress(), &whole));
  } catch (const Error&) {  // whoever opens it tells why
  }
  return !whole;
}

/// OUT of the sets that several of `paths` name, or may name.
std::set<std::string> outputs_named_twice(const std::vector<fs::path>& paths, const VolumeSearch& search) {
  std::set<std::string> once;
  std::set<std::string> twice;
  bool may_be_of_any = false;
  for (const fs::path& path : paths) {
    const std::string output = output_of_set(path, search);
    if (output.empty()) {
      may_be_of_any = may_be_of_any || may_name_renamed_volumes(path, search);
    } else if (!once.insert(output).second) {
      twice.insert(output);
    }
  }
  return may_be_of_any ? once : twice;
}

/// True if a volume of one of `outputs` is in two of the directories that `paths` name.
bool lies_twice(const std::vector<fs::path>& paths, const std::set<std::string>& outputs) {
  std::set<fs::path> directories;
  for (const fs::path& path : paths) directories.insert(real_path(directory_named_by(path)));
  std::set<std::string> volumes;
  for (const fs::path& directory : directories) {
    for (const VolumeFile& file : files_in({directory})) {
      const std::string name = file.path.filename().string();
      const auto volume = parse_volume_name(name);
      if (volume && outputs.contains(volume->output) && !volumes.insert(name).second) return true;
    }
  }
  return false;
}

}  // namespace

VolumeSearch search_beside(const std::vector<fs::path>& paths, const VolumeSearch& given) {
  VolumeSearch search = given;
  for (const fs::path& path : paths) search.directories.push_back(directory_named_by(path));
  return search;
}

VolumeSearch search_among(const std::vector<fs::path>& paths, const VolumeSearch& given) {
  const std::set<std::string> outputs = outputs_named_twice(paths, given);
  if (outputs.empty() || lies_twice(paths, outputs)) return given;
  const bool is_one_whole = std::ranges::any_of(paths, [&](const fs::path& path) {
    return outputs.contains(output_of_set(path, given)) && is_whole(path, given);
  });
  return is_one_whole ? given : search_beside(paths, given);
}

std::vector<fs::path> each_set_once(const std::vector<fs::path>& paths, const VolumeSearch& search) {
  if (paths.size() < 2) return paths;
  std::vector<fs::path> archives;
  std::set<std::string> sets;
  for (const fs::path& path : paths) {
    const std::string set = name_of_set(path, search).text;
    if (set.empty() || sets.insert(set).second) archives.push_back(path);
  }
  return archives;
}

std::optional<fs::path> first_of_another_set(const std::vector<fs::path>& paths, const VolumeSearch& search) {
  if (paths.size() < 2) return std::nullopt;
  const SetName first = name_of_set(paths.front(), search);
  for (std::size_t i = 1; i < paths.size(); ++i) {
    const SetName other = name_of_set(paths[i], search);
    const bool is_unknown = !first.is_found && !other.is_found && (first.text.empty() || other.text.empty());
    if (!is_unknown && (first.text.empty() || first.text != other.text)) return paths[i];
  }
  return std::nullopt;
}

}  // namespace ociferry
