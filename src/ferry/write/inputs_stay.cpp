#include "ferry/write/inputs_stay.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "ferry/gather/named_archives.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/divided_output.hpp"
#include "layout/sealed/set_place.hpp"
#include "layout/sealed/volume_set.hpp"
#include "medium/input_stream.hpp"
#include "medium/partial_file.hpp"
#include "medium/volumes/volume_list.hpp"
#include "ociferry/error.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

/// The same for all names of a file, and for links to it.
using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> identity_of(const fs::path& file) {
  struct stat status {};
  const int failed = is_standard_input(file) ? ::fstat(STDIN_FILENO, &status) : ::stat(file.c_str(), &status);
  if (failed != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

/// The path of `file` from `directory` on; empty if it does not lie there.
fs::path path_within(const fs::path& directory, const fs::path& file) {
  std::error_code unknown;
  const fs::path real = fs::weakly_canonical(directory, unknown);
  const fs::path within = fs::weakly_canonical(file, unknown).lexically_relative(real);
  return within.empty() || *within.begin() == ".." ? fs::path() : within;
}

/// True for an image layout (image-spec, "OCI Image Layout").
bool is_layout(const fs::path& directory) {
  std::error_code unknown;
  return fs::is_regular_file(directory / "index.json", unknown);
}

/// True for what a layout consists of; other files may lie in its directory.
bool is_of_layout(const fs::path& file, const fs::path& layout) {
  constexpr std::string_view kFiles[] = {"index.json", "oci-layout", "ociferry.json", "manifest.json"};
  const fs::path path = path_within(layout, file);
  return !path.empty() && (*path.begin() == "blobs" || std::ranges::find(kFiles, path.string()) != std::end(kFiles));
}

/// True for a volume of which the list of its set is beside it.
bool is_listed_volume(const fs::path& file) {
  const auto name = parse_volume_name(file.filename().string());
  std::error_code unknown;
  return name && fs::exists(file.parent_path() / volume_list_name(name->output), unknown);
}

/// All files that are read.
class ReadFiles {
 public:
  ReadFiles(const ReadArchives& read, const VolumeSearch& search) {
    std::vector<fs::path> all = read.copied;
    all.insert(all.end(), read.bases.begin(), read.bases.end());
    add_all(read, search);
    if (all.size() == 1) return;
    // Where several are read, volumes of one may lie beside another.
    add_all(read, {.directories = search_beside(all, search).directories});
  }

  /// Throws if `file` is one of them. `in_one_step`: its place is taken by a file that has all that was read.
  void check(const fs::path& file, bool in_one_step = false) const {
    const auto identity = identity_of(file);
    if (!identity) return;
    const auto holds_it = [&](const fs::path& layout) { return is_of_layout(file, layout); };
    if (std::ranges::any_of(layouts_, holds_it)) refuse(file);
    const auto found = uses_.find(*identity);
    if (found == uses_.end() || (in_one_step && found->second == Use::Whole)) return;
    refuse(file);
  }

  /// Throws if one of them, or a directory with some, lies in `directory`, or that within such a one.
  void check_directory(const fs::path& directory) const {
    for (const fs::path& layout : layouts_) {
      if (is_of_layout(directory, layout)) refuse(directory);
    }
    for (const fs::path& path : paths_) {
      if (!path_within(directory, path).empty()) refuse(path);
    }
  }

  /// Throws if volumes of that name in `directory` may yet be brought to be read.
  void check_awaited(const std::string& output, const fs::path& directory) const {
    for (const SetPlace& place : awaited_) {
      const auto is_there = [&](const fs::path& one) {
        std::error_code unknown;
        return fs::equivalent(one, directory, unknown);
      };
      if (place.output != output || std::ranges::none_of(place.directories, is_there)) continue;
      throw Error(ErrorCode::Usage, text::cat("a volume of ", output, " that is still missing may be brought to ",
                                              directory.string(), ", and would be replaced by what is written"))
          .hint("write to another name or directory; nothing was changed");
    }
  }

 private:
  enum class Use {
    Whole,  ///< all of an archive that is copied
    Part,   ///< of one: a volume, or the list of its volumes
    Kept,   ///< needed afterwards
  };

  [[noreturn]] static void refuse(const fs::path& file) {
    throw Error(ErrorCode::Usage,
                text::cat(file.lexically_normal().string(), " is read, and would be replaced by what is written"))
        .hint("write to another name or directory, and remove what is not needed afterwards; nothing was changed");
  }

  void add_all(const ReadArchives& read, const VolumeSearch& search) {
    for (const fs::path& archive : read.copied) add(archive, Use::Whole, search);
    for (const fs::path& base : read.bases) add(base, Use::Kept, search);
  }

  void add(const fs::path& archive, Use use, const VolumeSearch& search) {
    if (is_layout(archive)) layouts_.push_back(archive);
    const Use use_of_part = use == Use::Whole ? Use::Part : use;
    note(archive, is_listed_volume(archive) ? use_of_part : use);
    const VolumeSearch what_is_there{.directories = search.directories,
                                     .ask = [](const WantedVolume&) { return false; }};
    try {
      const auto place = place_of_set(archive, what_is_there, silent_progress(), nullptr);
      if (!place) return;
      if (search.ask) awaited_.push_back(*place);
      const auto set = find_volumes(archive, what_is_there, silent_progress());
      if (!set) return;
      const auto is_there = [](const FoundVolume& volume) { return !volume.path.empty(); };
      if (search.ask && std::ranges::all_of(set->volumes, is_there)) awaited_.pop_back();
      for (const FoundVolume& volume : set->volumes) note(volume.path, use_of_part);
      note(set->list_path, use_of_part);
    } catch (const Error&) {  // whoever opens the archive says why
    }
  }

  void note(const fs::path& file, Use use) {
    std::error_code unknown;
    if (!is_standard_input(file) && fs::exists(file, unknown)) paths_.push_back(file);
    const auto identity = identity_of(file);
    if (!identity) return;
    Use& known = uses_.try_emplace(*identity, use).first->second;
    known = std::max(known, use);
  }

  std::map<Identity, Use> uses_;
  std::vector<fs::path> paths_;    ///< as they were named, or found
  std::vector<fs::path> layouts_;  ///< directories of which each file is read
  std::vector<SetPlace> awaited_;  ///< sets of which volumes may yet be brought
};

}  // namespace

void check_inputs_stay(const ReadArchives& read, const fs::path& output, const VolumeRule& volumes,
                       const VolumeSearch& search) {
  const ReadFiles files(read, search);
  if (!volumes.divides()) {
    const fs::path archive = behind_links(output);
    files.check(PartialFile::path_for(archive));
    return files.check(archive, true);
  }
  for (const fs::path& directory : directories_of_volumes(output, volumes)) {
    const std::string name = output.filename().string();
    files.check_awaited(name, directory);
    for (std::size_t number = 1; number <= kMostVolumes; ++number) {
      const fs::path volume = directory / volume_name(name, number);
      files.check(volume);
      files.check(PartialFile::path_for(volume));
    }
    const fs::path list = directory / volume_list_name(name);
    files.check(list);
    files.check(list.string().append(kRetiredListSuffix));
  }
}

void check_not_read(const ReadArchives& read, const fs::path& replaced, const VolumeSearch& search) {
  const ReadFiles files(read, search);
  files.check(replaced);
  files.check_directory(replaced);
}

}  // namespace ociferry
