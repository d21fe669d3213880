#include "ferry/deliver/compact_volumes.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/deliver/divided_output.hpp"
#include "ferry/deliver/volume_sums.hpp"
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
  OlderSet(const fs::path& directory, const std::string& output, bool force)
      : directory_(directory), output_(output), force_(force) {}

  /// Throws Error{Usage} if something is none of ours.
  OlderFiles look() {
    read_lists();
    const fs::path first = PartialFile::path_for(directory_ / volume_name(output_, 1));
    const bool are_partials_ours = force_ || begins_like_ours(first);
    for (std::size_t number = 1; number <= kMostVolumes; ++number) {
      const fs::path file = directory_ / volume_name(output_, number);
      if (is_there(file)) look_at(file);
      const fs::path partial = PartialFile::path_for(file);
      if (!is_there(partial)) continue;
      const std::uint64_t size = size_of_regular(partial);
      if (size > 0 && !are_partials_ours && !is_listed(file, size)) refuse(partial, "not an unfinished archive");
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

  static bool begins_like_ours(const fs::path& partial) {
    std::error_code unknown;
    if (!fs::is_regular_file(fs::symlink_status(partial, unknown))) return false;
    const auto medium = open_medium(partial);
    return medium && (medium->size() == 0 || begins_like_archive(*medium));
  }

  const fs::path& directory_;
  const std::string& output_;
  bool force_;
  std::vector<VolumeList> lists_;
  OlderFiles found_;
};

void remove_older(const fs::path& file) {
  if (calls::unlinkat(AT_FDCWD, file.c_str(), 0) == 0 || errno == ENOENT) return;
  throw system_error(text::cat("removing ", file.string()), errno);
}

}  // namespace

void check_compact_volumes(const fs::path& output, const VolumeRule& rule, bool force) {
  if (!rule.directories.empty()) {
    throw Error(ErrorCode::Usage,
                "how large a compact archive becomes shows at its end, so what is free in several "
                "directories cannot be filled with it")
        .hint("give a size, such as --volume-size 3900M, and put the volumes onto the media afterwards");
  }
  check_divided_output(output, rule);
  if (whole_volume_units(rule.bytes) < compact::kBeginningBytes) {
    throw Error(ErrorCode::Usage, text::cat("volumes of ", rule.bytes, " bytes are too small for a compact archive"))
        .hint("give 256K or more");
  }
  const fs::path directory = directory_of_volume(output);
  const auto largest = room_for_volumes(directory, output.filename().string()).largest_file;
  if (largest && *largest < rule.bytes) {
    throw Error(ErrorCode::Space, text::cat("a volume would have ", rule.bytes, " bytes, but a file there can have at ",
                                            "most ", *largest, ": ", directory.string()))
        .hint("give smaller volumes: --volume-size fat32 is what FAT takes; nothing was changed");
  }
  static_cast<void>(OlderSet(directory, output.filename().string(), force).look());
  check_sums_file(directory, force);
}

CompactVolumes::CompactVolumes(const fs::path& output, const VolumeRule& rule, bool force)
    : directory_(directory_of_volume(output)),
      output_(output.filename().string()),
      volume_bytes_(whole_volume_units(rule.bytes)),
      force_(force),
      list_{.set = sha256(""), .is_compact = true} {
  begin_volume();  // locked, so no other process writes them
  remove_leftovers();
}

fs::path CompactVolumes::file_of(std::size_t number) const { return directory_ / volume_name(output_, number); }

void CompactVolumes::remove_leftovers() const {
  for (const fs::path& file : OlderSet(directory_, output_, force_).look().outputs_of_partials) {
    if (file != file_of(1)) remove_older(PartialFile::path_for(file));
  }
}

void CompactVolumes::begin_volume() {
  if (files_.size() == kMostVolumes) {
    throw Error(ErrorCode::Usage,
                text::cat("the compact archive has more than ", kMostVolumes, " volumes of ", volume_bytes_, " bytes"))
        .hint("give --volume-size a larger size; nothing was left");
  }
  const fs::path file = file_of(files_.size() + 1);
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

/// The list of the older set loses its name first, and then names the volumes that are written, until these have their
/// names.
void CompactVolumes::replace_older() const {
  const fs::path list = directory_ / volume_list_name(output_);
  const OlderFiles older = OlderSet(directory_, output_, force_).look();
  if (is_there(list)) {
    rename_file(list, retired(list));
    fsync_directory(directory_);
  }
  for (const fs::path& file : older.volumes) remove_older(file);
  fsync_directory(directory_);
  write_file_atomically(retired(list), to_json(list_), kVolumeListMode);
}

void CompactVolumes::publish() {
  std::size_t named = 0;
  try {
    replace_older();
    for (const auto& file : files_) {
      file->publish();
      ++named;
    }
    write_volume_sums(directory_, list_.volumes, output_, to_json(list_));
    remove_older(retired(directory_ / volume_list_name(output_)));
  } catch (Error& error) {
    error.while_doing(text::cat("giving ", files_.size(), " volumes of ", output_,
                                " their names, in place of older ones; ", named,
                                " have them, and the same command replaces what is there"));
    throw;
  }
  discarded_.release();
}

std::vector<WrittenVolume> CompactVolumes::files() const {
  std::vector<WrittenVolume> written;
  for (const VolumeEntry& entry : list_.volumes) {
    written.push_back(
        {.path = (directory_ / entry.name).lexically_normal(), .bytes = entry.size, .digest = entry.digest});
  }
  return written;
}

}  // namespace ociferry
