#include "ferry/write/inputs_stay.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "ferry/gather/named_archives.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/divided_output.hpp"
#include "layout/sealed/volume_set.hpp"
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
  if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

/// All files that are read.
class ReadFiles {
 public:
  ReadFiles(const ReadArchives& read, const VolumeSearch& search) {
    std::vector<fs::path> all = read.copied;
    all.insert(all.end(), read.bases.begin(), read.bases.end());
    add_all(read, search);
    // Where several are read, volumes of one may lie beside another.
    if (all.size() > 1) add_all(read, search_beside(all, search));
  }

  /// As they were named, or found.
  [[nodiscard]] const std::vector<fs::path>& paths() const noexcept { return paths_; }

  /// Throws if `file` is one of them. `in_one_step`: its place is taken by a file that has all that was read.
  void check(const fs::path& file, bool in_one_step = false) const {
    const auto identity = identity_of(file);
    if (!identity) return;
    const auto found = uses_.find(*identity);
    if (found == uses_.end() || (in_one_step && found->second == Use::Whole)) return;
    throw Error(ErrorCode::Usage, text::cat(file.string(), " is read, and would be replaced by what is written"))
        .hint("write to another name or directory, and remove what is not needed afterwards; nothing was changed");
  }

 private:
  enum class Use {
    Whole,  ///< all of an archive that is copied
    Part,   ///< of one: a volume, or the list of its volumes
    Kept,   ///< needed afterwards
  };

  void add_all(const ReadArchives& read, const VolumeSearch& search) {
    for (const fs::path& archive : read.copied) add(archive, Use::Whole, search);
    for (const fs::path& base : read.bases) add(base, Use::Kept, search);
  }

  void add(const fs::path& archive, Use use, const VolumeSearch& search) {
    note(archive, use);
    const VolumeSearch what_is_there{.directories = search.directories,
                                     .ask = [](const WantedVolume&) { return false; }};
    const Use use_of_part = use == Use::Whole ? Use::Part : use;
    try {
      const auto set = find_volumes(archive, what_is_there, silent_progress());
      if (!set) return;
      for (const FoundVolume& volume : set->volumes) note(volume.path, use_of_part);
      note(set->list_path, use_of_part);
    } catch (const Error&) {  // whoever opens the archive says why
    }
  }

  void note(const fs::path& file, Use use) {
    const auto identity = identity_of(file);
    if (!identity) return;
    Use& known = uses_.try_emplace(*identity, use).first->second;
    known = std::max(known, use);
    paths_.push_back(file);
  }

  std::map<Identity, Use> uses_;
  std::vector<fs::path> paths_;
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
  std::error_code unknown;
  for (const fs::path& file : files.paths()) {
    const fs::path within = fs::weakly_canonical(file, unknown).lexically_relative(fs::weakly_canonical(replaced));
    if (!within.empty() && *within.begin() != "..") files.check(file);
  }
}

}  // namespace ociferry
