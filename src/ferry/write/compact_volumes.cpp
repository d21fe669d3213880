#include "ferry/write/compact_volumes.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/write/divided_output.hpp"
#include "ferry/write/volume_sums.hpp"
#include "layout/compact_beginning.hpp"
#include "layout/limits.hpp"
#include "medium/file_medium.hpp"
#include "medium/volumes/volume_medium.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kVolumeUnit = 512;  ///< as in volumes of a plain archive
constexpr unsigned kVolumeListMode = 0644;

std::uint64_t whole_volume_units(std::uint64_t bytes) { return bytes / kVolumeUnit * kVolumeUnit; }

/// What lies where volumes are to be written, and may be replaced.
struct OlderFiles {
  std::vector<fs::path> lists = {};
  std::vector<fs::path> volumes = {};
  std::vector<fs::path> outputs_of_partials = {};
};

bool is_there(const fs::path& path) {
  std::error_code unknown;
  return fs::exists(fs::symlink_status(path, unknown));
}

std::uint64_t size_of_regular(const fs::path& path) {
  std::error_code unknown;
  if (!fs::is_regular_file(fs::symlink_status(path, unknown))) {
    throw Error(ErrorCode::Usage, text::cat(path.string(), " is in the way: it is not a file"))
        .hint("move it away, or choose another output; nothing was changed");
  }
  return fs::file_size(path);
}

fs::path retired(const fs::path& list) { return list.string().append(kRetiredListSuffix); }

/// Looks at all files that have the name of a volume of an output, of its list, or of an unfinished volume.
class OlderSet {
 public:
  OlderSet(const fs::path& directory, const std::string& output, bool force, bool are_partials_ours)
      : directory_(directory), output_(output), force_(force), are_partials_ours_(are_partials_ours) {}

  /// Throws Error{Usage} if something is none of ours.
  OlderFiles look() {
    read_lists();
    for (std::size_t number = 1; number <= kMostVolumes; ++number) {
      const fs::path file = directory_ / volume_name(output_, number);
      if (is_there(file)) look_at(file);
      const fs::path partial = PartialFile::path_for(file);
      if (!is_there(partial)) continue;
      const std::uint64_t size = size_of_regular(partial);
      if (size > 0 && !are_partials_ours_ && !is_listed(file, size)) refuse(partial, "not an unfinished archive");
      found_.outputs_of_partials.push_back(file);
    }
    return std::move(found_);
  }

 private:
  [[noreturn]] static void refuse(const fs::path& file, std::string_view what) {
    throw Error(ErrorCode::Usage, text::cat(file.string(), " exists, and is ", what))
        .hint("choose another output, or add --force to replace it; nothing was changed");
  }

  void read_lists() {
    const fs::path list = directory_ / volume_list_name(output_);
    for (const fs::path& file : {list, retired(list)}) {
      if (!is_there(file)) continue;
      static_cast<void>(size_of_regular(file));
      try {
        lists_.push_back(parse_volume_list(read_file(file, limits::kLayoutFileBytes), file.string()));
      } catch (const Error& error) {
        if (error.code() == ErrorCode::Io) throw;
        if (!force_) refuse(file, "not a list of volumes that ociferry wrote");
      }
      found_.lists.push_back(file);
    }
  }

  [[nodiscard]] bool is_listed(const fs::path& file, std::uint64_t size) const {
    return std::ranges::any_of(lists_, [&](const VolumeList& list) {
      return std::ranges::any_of(
          list.volumes, [&](const VolumeEntry& entry) { return entry.name == file.filename() && entry.size == size; });
    });
  }

  void look_at(const fs::path& file) {
    const std::uint64_t size = size_of_regular(file);
    if (!force_ && !is_listed(file, size)) refuse(file, "not a volume that a list beside it names");
    found_.volumes.push_back(file);
  }

  const fs::path& directory_;
  const std::string& output_;
  bool force_;
  bool are_partials_ours_;
  std::vector<VolumeList> lists_;
  OlderFiles found_;
};

/// Of unfinished volumes only the first, in whichever directory it is, tells what they are.
bool are_partials_ours(const std::vector<fs::path>& directories, const std::string& output, bool force) {
  return force || std::ranges::any_of(directories, [&](const fs::path& directory) {
           const fs::path partial = PartialFile::path_for(directory / volume_name(output, 1));
           std::error_code unknown;
           if (!fs::is_regular_file(fs::symlink_status(partial, unknown))) return false;
           const auto medium = open_medium(partial);
           return medium && (medium->size() == 0 || begins_like_archive(*medium));
         });
}

void remove_older(const fs::path& file) {
  if (calls::unlinkat(AT_FDCWD, file.c_str(), 0) == 0 || errno == ENOENT) return;
  throw system_error(text::cat("removing ", file.string()), errno);
}

}  // namespace

void check_compact_volumes(const fs::path& output, const VolumeRule& rule, bool force) {
  check_divided_output(output, rule);
  const std::string name = output.filename().string();
  const std::vector<fs::path> directories = directories_of_volumes(output, rule);
  const bool are_ours = are_partials_ours(directories, name, force);
  for (const fs::path& directory : directories) {
    static_cast<void>(OlderSet(directory, name, force, are_ours).look());
    check_sums_file(directory, force);
  }
  if (!rule.directories.empty()) return;
  if (whole_volume_units(rule.bytes) < compact::kBeginningBytes) {
    throw Error(ErrorCode::Usage, text::cat("volumes of ", rule.bytes, " bytes are too small for a compact archive"))
        .hint("give 256K or more");
  }
  const fs::path directory = directory_of_volume(output);
  const auto largest = room_for_volumes(directory, name).largest_file;
  if (largest && *largest < rule.bytes) {
    throw Error(ErrorCode::Space, text::cat("a volume would have ", rule.bytes, " bytes, but a file there can have at ",
                                            "most ", *largest, ": ", directory.string()))
        .hint("give smaller volumes: --volume-size fat32 is what FAT takes; nothing was changed");
  }
}

CompactVolumes::CompactVolumes(const fs::path& output, const VolumeRule& rule, bool force)
    : directories_(directories_of_volumes(output, rule)),
      output_(output.filename().string()),
      rule_(rule),
      force_(force),
      list_{.set = sha256(""), .is_compact = true} {
  begin_volume();
  remove_leftovers();
}

void CompactVolumes::remove_leftovers() const {
  const bool are_ours = are_partials_ours(directories_, output_, force_);
  const fs::path begun = PartialFile::path_for(paths_.front());
  for (const fs::path& directory : directories_) {
    for (const fs::path& file : OlderSet(directory, output_, force_, are_ours).look().outputs_of_partials) {
      std::error_code gone;
      if (fs::equivalent(PartialFile::path_for(file), begun, gone)) continue;
      const PartialFile locked(file);
      remove_older(PartialFile::path_for(file));
    }
  }
}

/// How large the next volume may become, in the directory where it goes.
std::uint64_t CompactVolumes::find_room() {
  if (rule_.directories.empty()) return whole_volume_units(rule_.bytes);
  const bool is_first = paths_.empty();
  for (; filling_ < directories_.size(); ++filling_) {
    VolumeRoom room = room_for_volumes(directories_[filling_], output_);
    if (is_first) room.free_bytes += room.ours;  // of an earlier run, and removed at once
    const std::uint64_t bytes = room_for_one(room, rule_.kept_bytes);
    if (bytes >= compact::kBeginningBytes) return bytes;
  }
  filling_ = directories_.size() - 1;
  throw lack_of_room();
}

Error CompactVolumes::lack_of_room() const {
  std::vector<std::string> lines;
  for (const fs::path& directory : directories_) {
    const std::uint64_t bytes = room_for_one(room_for_volumes(directory, output_), rule_.kept_bytes);
    lines.push_back(text::cat(directory.string(), ": ", bytes, " bytes free for it"));
  }
  const std::string what =
      list_.archive_bytes == 0
          ? text::cat("no directory has room for a volume, which has at least ", compact::kBeginningBytes, " bytes:")
          : text::cat("the compact archive does not fit: ", list_.archive_bytes,
                      " bytes of it fill all directories that were given:");
  return Error(ErrorCode::Space, text::cat(what, text::listed(lines, lines.size())))
      .hint("add a directory on another medium, or free some space; nothing of it was left");
}

/// Where media are filled, goes by what is free when the first byte comes: the work before it may take hours, and its
/// files, or others, may have taken the room.
void CompactVolumes::place_first_volume() {
  if (rule_.directories.empty()) return;
  filling_ = 0;
  volume_bytes_ = find_room();
  const fs::path file = directories_[filling_] / volume_name(output_, 1);
  const fs::path begun = paths_.front();
  if (file == begun) return;
  auto moved = std::make_unique<PartialFile>(file);
  discarded_.add(file);
  moved->reserve(0, Existing::Discard);
  remove_older(PartialFile::path_for(begun));
  discarded_.forget(begun);
  files_.front() = std::move(moved);
  paths_.front() = file;
}

void CompactVolumes::begin_volume() {
  if (files_.size() == kMostVolumes) {
    throw Error(ErrorCode::Usage, text::cat("the compact archive has more than ", kMostVolumes,
                                            " volumes; the last one has ", volume_bytes_, " bytes"))
        .hint(rule_.directories.empty() ? "give --volume-size a larger size; nothing was left"
                                        : "fill fewer, larger media, or such as take larger files; nothing was left");
  }
  volume_bytes_ = find_room();
  const fs::path file = directories_[filling_] / volume_name(output_, files_.size() + 1);
  paths_.push_back(file);
  files_.push_back(std::make_unique<PartialFile>(file));
  discarded_.add(file);
  files_.back()->reserve(0, Existing::Discard);
  const Digest unknown = sha256("");
  list_.volumes.push_back({.name = file.filename().string(),
                           .offset = list_.archive_bytes,
                           .size = 0,
                           .digest = unknown,
                           .begin = unknown});
  volume_.emplace();
  begin_.emplace();
}

void CompactVolumes::end_volume() {
  list_.volumes.back().digest = volume_->finish();
  list_.volumes.back().begin = begin_->finish();
}

void CompactVolumes::write(Bytes bytes) {
  if (list_.archive_bytes == 0) place_first_volume();
  while (!bytes.empty()) {
    if (list_.volumes.back().size == volume_bytes_) {
      end_volume();
      begin_volume();
    }
    VolumeEntry& entry = list_.volumes.back();
    const Bytes part =
        bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), volume_bytes_ - entry.size)));
    files_.back()->write_at(entry.size, part);
    all_.update(part);
    volume_->update(part);
    if (entry.size < kVolumeBegin) {
      begin_->update(
          part.first(static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), kVolumeBegin - entry.size))));
    }
    entry.size += part.size();
    list_.archive_bytes += part.size();
    bytes = bytes.subspan(part.size());
  }
}

void CompactVolumes::sync() {
  end_volume();
  list_.set = all_.finish();
  for (const auto& file : files_) file->sync();
}

std::unique_ptr<Medium> CompactVolumes::reopen(DeviceReader* device) const {
  std::vector<VolumeMedium::Part> parts;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    parts.push_back({.name = files_[i]->name(), .size = list_.volumes[i].size});
  }
  return std::make_unique<VolumeMedium>(name_of_volumes(output_, parts.size()), std::move(parts),
                                        [this, device](std::size_t i) { return files_[i]->reopen(device); });
}

std::vector<VolumeEntry> CompactVolumes::volumes_in(const fs::path& directory) const {
  std::vector<VolumeEntry> here;
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    if (lies_in(paths_[i], directory)) here.push_back(list_.volumes[i]);
  }
  return here;
}

/// Fails while nothing is lost: if a medium was taken out, or something else got a name of ours.
void CompactVolumes::check_directories() const {
  for (const fs::path& directory : directories_) {
    static_cast<void>(OlderSet(directory, output_, force_, true).look());
    fsync_directory(directory);
  }
}

/// The list of the older set loses its name first, and then names the volumes that are written, until these have their
/// names.
void CompactVolumes::replace_older() const {
  for (const fs::path& directory : directories_) {
    const fs::path list = directory / volume_list_name(output_);
    const OlderFiles older = OlderSet(directory, output_, force_, true).look();
    if (is_there(list)) {
      rename_file(list, retired(list));
      fsync_directory(directory);
    }
    for (const fs::path& file : older.volumes) remove_older(file);
    fsync_directory(directory);
    if (volumes_in(directory).empty() && !has_room_for_list(directory, to_json(list_))) {
      remove_older(retired(list));  // of the older set, which has nothing here any more
      continue;
    }
    write_file_atomically(retired(list), to_json(list_), kVolumeListMode);
  }
}

/// Where replace_older() has put them under their retired names.
void CompactVolumes::write_lists() const {
  for (const fs::path& directory : directories_) {
    const fs::path list = directory / volume_list_name(output_);
    if (!is_there(retired(list))) continue;
    write_volume_sums(directory, volumes_in(directory), output_, to_json(list_));
    remove_older(retired(list));
  }
}

void CompactVolumes::publish() {
  check_directories();
  discarded_.release();  // the older set goes first, so these are kept, whatever happens now
  std::size_t named = 0;
  try {
    replace_older();
    for (const auto& file : files_) {
      file->publish();
      ++named;
    }
    write_lists();
  } catch (Error& error) {
    error.while_doing(text::cat("giving ", files_.size(), " volumes of ", output_,
                                " their names, in place of older ones; ", named,
                                " have them, and the others are whole, but still have .partial behind their names"));
    error.hint(
        "see to it that all directories can be written, and run the same command again: it replaces all that "
        "is there");
    throw;
  }
}

std::vector<WrittenVolume> CompactVolumes::files() const {
  std::vector<WrittenVolume> written;
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    const VolumeEntry& entry = list_.volumes[i];
    written.push_back({.path = paths_[i].lexically_normal(), .bytes = entry.size, .digest = entry.digest});
  }
  return written;
}

}  // namespace ociferry
