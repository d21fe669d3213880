#include "layout/sealed/set_place.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "layout/compact_beginning.hpp"
#include "layout/limits.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/volume_set.hpp"
#include "medium/file_medium.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostFilesSearched = 20'000;

std::optional<std::string> output_of_list(const std::string& file) {
  if (!file.ends_with(kVolumeListSuffix) || file.size() == kVolumeListSuffix.size()) return std::nullopt;
  return file.substr(0, file.size() - kVolumeListSuffix.size());
}

std::string read_text(const Medium& medium, std::uint64_t limit) {
  if (medium.size() > limit) {
    throw Error(ErrorCode::Hostile, text::cat(medium.name(), " is larger than ", limit, " bytes"));
  }
  std::string content(medium.size(), '\0');
  content.resize(medium.read_at(0, std::as_writable_bytes(std::span(content))));
  return content;
}

VolumeList read_list(const fs::path& path) {
  const auto medium = open_medium(path);
  if (!medium) throw Error(ErrorCode::Usage, text::cat(path.string(), " is no file"));
  return parse_volume_list(read_text(*medium, limits::kLayoutFileBytes), path.string());
}

/// The archive that begins in the file, or null.
std::shared_ptr<ArchiveReader> begun_in(const fs::path& path) {
  auto medium = open_medium(path);
  if (!medium || !has_first_header(*medium)) return nullptr;
  try {
    return ArchiveReader::begun_in(std::move(medium));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Io) throw;
    return nullptr;
  }
}

/// The file, or null if none is there.
std::unique_ptr<Medium> open_if_there(const fs::path& path) {
  std::error_code unknown;
  return fs::is_regular_file(path, unknown) ? open_medium(path) : nullptr;
}

/// True for a foreign tar, and for all that cannot be a volume after the first.
bool has_tar_magic(const fs::path& path) {
  constexpr std::uint64_t kMagic = 257;
  const auto medium = open_medium(path);
  std::string magic(5, '\0');
  return medium && medium->read_at(kMagic, std::as_writable_bytes(std::span(magic))) == magic.size() &&
         magic == "ustar";
}

class PlaceFinder {
 public:
  PlaceFinder(const fs::path& path, const VolumeSearch& search, Progress& progress) : path_(path), progress_(progress) {
    std::error_code unknown;
    is_directory_ = fs::is_directory(path, unknown);
    const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
    add_directory(is_directory_ ? path : parent);
    for (const fs::path& directory : search.directories) add_directory(directory);
  }

  /// `whole`: see place_of_set().
  std::optional<SetPlace> find(std::shared_ptr<ArchiveReader>* whole) {
    std::error_code unknown;
    if (is_directory_) return of_directory();
    if (!fs::is_regular_file(path_, unknown)) return std::nullopt;
    const std::string file = path_.filename().string();
    if (const auto output = output_of_list(file)) return with_list(*output, path_, true);
    auto begun = begun_in(path_);
    const std::uint64_t size = fs::file_size(path_, unknown);
    if (begun && begun->plan().total_bytes <= size) {  // all of it is in this file
      if (whole != nullptr && begun->plan().total_bytes == size) *whole = std::move(begun);
      return std::nullopt;
    }
    auto place = of_file(file, size, begun.get());
    if (place) place->begun = std::move(begun);
    return place;
  }

 private:
  /// Of a file that is no list, and not all of an archive, although one may have `begun` in it.
  std::optional<SetPlace> of_file(const std::string& file, std::uint64_t size, const ArchiveReader* begun) {
    const auto name = parse_volume_name(file);
    // A compact archive begins here, so the number in the name is only that of a release, say.
    if (name && name->number > 1 && compact::begins_compact(*open_medium(path_))) return std::nullopt;
    if (name) {
      if (auto place = of_output(name->output)) return place;
    }
    if (auto place = of_lists(size)) return place;
    if (begun != nullptr && is_continued(begun->plan(), size)) return of_first({}, path_);
    if (name && !has_tar_magic(path_)) throw lacks_first(name->output);
    return std::nullopt;
  }

  /// The set without a list whose first volume is `first`.
  [[nodiscard]] SetPlace of_first(const std::string& output, const fs::path& first) const {
    return {.output = output, .first = first, .directories = directories_};
  }

  void add_directory(const fs::path& directory) {
    std::error_code unknown;
    const bool known = std::ranges::any_of(
        directories_, [&](const fs::path& one) { return one == directory || fs::equivalent(one, directory, unknown); });
    if (!known) directories_.push_back(directory);
  }

  /// True if another file goes on where this one ends, after `size` bytes. Without a list and a volume's name, nothing
  /// else tells a volume from an archive that was cut short.
  [[nodiscard]] bool is_continued(const ArchivePlan& plan, std::uint64_t size) const {
    return std::ranges::any_of(files_in(directories_), [&](const VolumeFile& file) {
      try {
        std::error_code unknown;
        if (fs::equivalent(file.path, path_, unknown)) return false;
        const auto medium = open_medium(file.path);
        return medium && fits(*medium, plan, size, file.size) == Fit::Yes;
      } catch (const Error&) {
        return false;  // a file that only lies beside it need not be readable
      }
    });
  }

  [[nodiscard]] Error lacks_first(const std::string& output) const {
    const std::string first = volume_name(output, 1);
    const std::string what = text::cat(path_.string(), is_directory_ ? " holds volumes" : " is a volume");
    std::error_code unknown;
    for (const fs::path& directory : directories_) {
      if (!fs::is_regular_file(directory / first, unknown)) continue;
      return Error(ErrorCode::Corrupt, text::cat(what, ", but ", (directory / first).string(),
                                                 " does not begin as an archive does: it is damaged, or another file"))
          .hint(text::cat("take it from the sender again, or ", volume_list_name(output),
                          ", which tells which file is which volume"));
    }
    return Error(ErrorCode::Incomplete,
                 text::cat(what, ", but neither ", first, " nor ", volume_list_name(output), " is there"))
        .hint("give the directories where the other volumes are with --volume-dir DIR");
  }

  /// `is_given`: the user named the list, so it must be right. Another one is a help that may be missing.
  std::optional<SetPlace> with_list(const std::string& output, const fs::path& list, bool is_given) {
    try {
      SetPlace place = of_first(output, {});
      place.list = read_list(list);
      place.list_path = list;
      place.is_compact = place.list->is_compact;
      return place;
    } catch (const Error& error) {
      if (is_given || error.code() == ErrorCode::Io) throw;
      progress_.warn(text::cat("looking for the volumes by their names: ", error.message()));
      return std::nullopt;
    }
  }

  /// The set OUT, if its list or its first volume is in one of the directories.
  std::optional<SetPlace> of_output(const std::string& output) {
    std::error_code unknown;
    for (const fs::path& directory : directories_) {
      const fs::path list = directory / volume_list_name(output);
      if (!fs::is_regular_file(list, unknown)) continue;
      if (auto place = with_list(output, list, false)) return place;
    }
    for (const fs::path& directory : directories_) {
      const fs::path first = directory / volume_name(output, 1);
      const auto medium = open_if_there(first);
      if (!medium) continue;
      SetPlace place = of_first(output, first);
      place.is_compact = compact::begins_compact(*medium);
      if (place.is_compact || has_first_header(*medium)) return place;
    }
    return std::nullopt;
  }

  /// For a file with another name: the list that has a volume of its size, and of its content.
  std::optional<SetPlace> of_lists(std::uint64_t size) {
    for (const VolumeFile& file : files_in(directories_)) {
      const auto output = output_of_list(file.path.filename().string());
      if (!output) continue;
      auto place = with_list(*output, file.path, false);
      if (!place) continue;
      const Digest begin = digest_of_begin(*open_medium(path_));
      const bool lists_it = std::ranges::any_of(
          place->list->volumes, [&](const VolumeEntry& entry) { return entry.size == size && entry.begin == begin; });
      if (lists_it) return place;
    }
    return std::nullopt;
  }

  std::optional<SetPlace> of_directory() {
    std::error_code unknown;
    if (fs::exists(path_ / "index.json", unknown) || fs::exists(path_ / "oci-layout", unknown)) return std::nullopt;
    std::set<std::string> listed;
    std::set<std::string> named;
    for (const VolumeFile& file : files_in({path_})) {
      const std::string name = file.path.filename().string();
      if (const auto output = output_of_list(name)) listed.insert(*output);
      if (const auto volume = parse_volume_name(name)) named.insert(volume->output);
    }
    const std::set<std::string> all_named = named;
    std::erase_if(named, [&](const std::string& output) { return !listed.contains(output) && !of_output(output); });
    const std::set<std::string>& found = listed.empty() ? named : listed;
    if (found.size() > 1) {
      throw Error(ErrorCode::Usage, text::cat(path_.string(), " holds volumes of several archives: ",
                                              text::printable(text::join({found.begin(), found.end()}, ", "))))
          .hint(text::cat("give one of them: ", (path_ / volume_list_name(*found.begin())).string()));
    }
    if (found.size() == 1) return of_output(*found.begin());
    auto place = of_only_list();
    if (!place && all_named.size() == 1) throw lacks_first(*all_named.begin());
    return place;
  }

  /// A directory in which nothing has a known name, beside one with a list.
  std::optional<SetPlace> of_only_list() {
    std::set<std::string> outputs;
    for (const VolumeFile& file : files_in(directories_)) {
      if (const auto output = output_of_list(file.path.filename().string())) outputs.insert(*output);
    }
    return outputs.size() == 1 ? of_output(*outputs.begin()) : std::nullopt;
  }

  const fs::path& path_;
  Progress& progress_;
  bool is_directory_ = false;
  std::vector<fs::path> directories_;
};

}  // namespace

std::optional<SetPlace> place_of_set(const fs::path& path, const VolumeSearch& search, Progress& progress,
                                     std::shared_ptr<ArchiveReader>* whole) {
  return PlaceFinder(path, search, progress).find(whole);
}

std::vector<VolumeFile> files_in(const std::vector<fs::path>& directories) {
  std::vector<VolumeFile> files;
  for (const fs::path& directory : directories) {
    const auto begin = static_cast<std::ptrdiff_t>(files.size());
    std::error_code failure;
    for (fs::directory_iterator it(directory, failure), end; !failure && it != end; it.increment(failure)) {
      std::error_code unknown;
      if (!it->is_regular_file(unknown) || it->path().extension() == ".partial") continue;
      const std::uint64_t size = it->file_size(unknown);
      if (unknown || files.size() == kMostFilesSearched) continue;
      files.push_back({it->path(), size});
    }
    std::sort(files.begin() + begin, files.end(),
              [](const VolumeFile& one, const VolumeFile& other) { return one.path < other.path; });
  }
  return files;
}

}  // namespace ociferry
