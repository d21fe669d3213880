#include "ferry/write/divided_output.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/fd.hpp"
#include "base/stop.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/write/parity_output.hpp"
#include "ferry/write/volume_sums.hpp"
#include "layout/limits.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "layout/sealed/volume_set.hpp"
#include "medium/file_medium.hpp"
#include "medium/partial_file.hpp"
#include "medium/volumes/volume_output.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kBytesOfEntry = 512;  ///< of a volume in the list and in SHA256SUMS, without what it holds

bool is_file(const fs::path& path) {
  std::error_code unknown;
  return fs::is_regular_file(fs::symlink_status(path, unknown));
}

bool path_exists(const fs::path& path) {
  std::error_code unknown;
  return fs::exists(fs::symlink_status(path, unknown));
}

/// The sizes of the volumes, each either finished or not, that an earlier run has left, if they make `bytes` bytes.
std::vector<PlannedVolume> division_of_earlier_run(const std::vector<fs::path>& directories, const std::string& output,
                                                   std::uint64_t bytes) {
  std::vector<PlannedVolume> volumes;
  std::uint64_t left = bytes;
  while (left > 0 && volumes.size() < kMostVolumes) {
    const std::string name = volume_name(output, volumes.size() + 1);
    const auto before = volumes.size();
    for (const fs::path& directory : directories) {
      const fs::path path = directory / name;
      const fs::path partial = PartialFile::path_for(path);
      if (!is_file(partial) && !is_file(path)) continue;
      const std::uint64_t size = fs::file_size(is_file(partial) ? partial : path);
      if (size == 0 || size > left) return {};
      volumes.push_back({path, size});
      left -= size;
      break;
    }
    if (volumes.size() == before) return {};
  }
  return left == 0 ? volumes : std::vector<PlannedVolume>();
}

std::vector<PlannedVolume> divide_by(const VolumeRule& rule, const fs::path& output, const ArchivePlan& plan) {
  const std::string name = output.filename().string();
  if (rule.directories.empty()) return divide(directory_of_volume(output), name, plan.total_bytes, rule.bytes);
  std::vector<VolumeRoom> rooms;
  for (const fs::path& directory : rule.directories) rooms.push_back(room_for_volumes(directory, name));
  const std::uint64_t beside = (plan.members.size() + rooms.size()) * 2 * kBytesOfEntry + rule.kept_bytes;
  auto volumes = division_of_earlier_run(rule.directories, name, plan.total_bytes);
  if (volumes.empty()) volumes = fill_rooms(rooms, name, plan.total_bytes, beside);
  if (rule.parity_percent > 0) {
    check_room_for_parity(rooms_after(rooms, volumes), name, plan.total_bytes, rule.parity_percent, beside);
  }
  return volumes;
}

Error would_lose(const fs::path& file, std::string_view what) {
  return Error(ErrorCode::Usage, text::cat(file.string(), " exists, and is ", what))
      .hint("choose another output, or add --force to replace it; nothing was changed");
}

}  // namespace

std::vector<fs::path> directories_of_volumes(const fs::path& output, const VolumeRule& rule) {
  return rule.directories.empty() ? std::vector<fs::path>{directory_of_volume(output)} : rule.directories;
}

void check_divided_output(const fs::path& output, const VolumeRule& rule) {
  if (output.filename().empty() || output.filename() == "." || output.filename() == "..") {
    throw Error(ErrorCode::Usage, text::cat("'", output.string(), "' is not a name for an archive"));
  }
  if (!rule.directories.empty() && output.has_parent_path()) {
    throw Error(ErrorCode::Usage,
                text::cat("'", output.string(), "' names a directory, but the volumes go into those of fit:"))
        .hint(text::cat("give the name alone: -o ", output.filename().string()));
  }
  for (const fs::path& directory : directories_of_volumes(output, rule)) {
    std::error_code unknown;
    if (!fs::is_directory(directory, unknown)) {
      throw Error(ErrorCode::NotFound, text::cat(directory.string(), " is no directory"))
          .hint("make that directory, or mount what belongs there; no registry was contacted yet");
    }
    if (::access(directory.c_str(), W_OK) != 0) {
      throw system_error(text::cat("checking that volumes can be written in ", directory.string()), errno)
          .hint("choose another directory; no registry was contacted yet");
    }
  }
}

DividedOutput::DividedOutput(const fs::path& output, const VolumeRule& rule, const ArchivePlan& plan, bool force)
    : output_(output.filename().string()),
      directories_(directories_of_volumes(output, rule)),
      volumes_(divide_by(rule, output, plan)),
      list_{.set = sha256(plan.seal()), .archive_bytes = plan.total_bytes},
      plan_(plan) {
  const ArchiveMember& seal = plan.members[plan.files() - 1];
  if (seal.end() > volumes_.front().bytes) {
    throw Error(ErrorCode::Usage, text::cat("the first volume would have ", volumes_.front().bytes,
                                            " bytes, but the archive's table, which must lie in it, has ", seal.end()))
        .hint("give --volume-size a larger size; no layer was fetched yet");
  }
  const Digest unknown = sha256("");
  std::uint64_t offset = 0;
  for (const PlannedVolume& volume : volumes_) {
    list_.volumes.push_back({.name = volume.path.filename().string(),
                             .offset = offset,
                             .size = volume.bytes,
                             .digest = unknown,
                             .begin = unknown,
                             .holds = held_within(plan_, offset, offset + volume.bytes)});
    offset += volume.bytes;
  }
  check_existing(force);
}

const PlannedVolume* DividedOutput::planned(const fs::path& file) const {
  const auto found = std::ranges::find(volumes_, file, &PlannedVolume::path);
  return found == volumes_.end() ? nullptr : &*found;
}

std::uint64_t DividedOutput::offset_of(const PlannedVolume& volume) const {
  return list_.volumes[static_cast<std::size_t>(&volume - volumes_.data())].offset;
}

bool DividedOutput::is_volume_of(const ArchivePlan& plan, const fs::path& file) const {
  const PlannedVolume* const volume = planned(file);
  if (volume == nullptr || fs::file_size(file) != volume->bytes) return false;
  const auto medium = open_medium(file);
  return medium && fits(*medium, plan, offset_of(*volume), volume->bytes) != Fit::No;
}

/// Reads the lists that are there, and returns their names.
std::vector<fs::path> DividedOutput::read_old_lists(bool force) {
  std::vector<fs::path> lists;
  for (const fs::path& directory : directories_) {
    const fs::path list = directory / volume_list_name(output_);
    for (const fs::path& file : {list, fs::path(list.string().append(kRetiredListSuffix))}) {
      if (!path_exists(file)) continue;
      try {
        old_lists_.push_back(parse_volume_list(read_file(file, limits::kLayoutFileBytes), file.string()));
        if (file == list) listed_.push_back(directory);
      } catch (const Error& error) {
        if (error.code() == ErrorCode::Io || error.code() == ErrorCode::Space) throw;  // it may be one
        if (!force) throw would_lose(file, "not a list of volumes that ociferry wrote");
      }
      lists.push_back(file);
    }
  }
  return lists;
}

/// What is there under the names of volumes, and whether it may be replaced.
void DividedOutput::check_existing(bool force) {
  const std::vector<fs::path> lists = read_old_lists(force);
  const fs::path& first = volumes_.front().path;
  const fs::path first_partial = PartialFile::path_for(first);
  const auto begins_like_ours = [&] {
    const auto medium = is_file(first_partial) ? open_medium(first_partial) : nullptr;
    return medium && ArchiveWriter::may_be_partial(*medium);
  };
  const bool are_partials_ours = begins_like_ours() || (is_file(first) && is_volume_of(plan_, first));
  for (const fs::path& directory : directories_) {
    for (std::size_t number = 1; number <= kMostVolumes; ++number) {
      const fs::path file = directory / volume_name(output_, number);
      if (path_exists(file)) check_file(file, force);
      const fs::path partial = PartialFile::path_for(file);
      if (path_exists(partial)) check_partial(file, are_partials_ours, force);
    }
    check_sums_file(directory, force);
  }
  // After the volumes: should a run be killed between them, the list must still say that they are ours.
  retired_.insert(retired_.end(), lists.begin(), lists.end());
}

void DividedOutput::check_file(const fs::path& file, bool force) {
  if (!is_file(file)) throw Error(ErrorCode::Usage, text::cat(file.string(), " is in the way: it is not a file"));
  const bool is_listed = std::ranges::any_of(old_lists_, [&](const VolumeList& list) {
    return std::ranges::any_of(list.volumes, [&](const VolumeEntry& entry) {
      return entry.name == file.filename() && entry.size == fs::file_size(file);
    });
  });
  if (is_listed) return retired_.push_back(file);
  if (old_lists_.empty() && is_volume_of(plan_, file)) return unfinished_.push_back(file);
  if (force && planned(file) != nullptr) return retired_.push_back(file);
  if (planned(file) != nullptr) throw would_lose(file, "not a volume that a list beside it names");
  throw Error(ErrorCode::Usage, text::cat(file.string(), " would look like a volume of this archive, which has ",
                                          volumes_.size(), " volumes, and no list beside it names it"))
      .hint("move it away, or choose another output; nothing was changed");
}

void DividedOutput::check_partial(const fs::path& file, bool is_ours, bool force) {
  const fs::path partial = PartialFile::path_for(file);
  if (is_file(partial) && fs::file_size(partial) > 0 && !is_ours && !force) {
    throw would_lose(partial, "not an unfinished export, although it has such a name");
  }
  if (planned(file) == nullptr) leftovers_.push_back(partial);
}

std::shared_ptr<ArchiveReader> DividedOutput::open_existing(Progress& progress) {
  const VolumeSearch search{.directories = directories_};
  fs::path path = directories_.front() / volume_list_name(output_);
  if (!is_file(path)) path = volumes_.front().path;
  if (!is_file(path)) return nullptr;
  try {
    auto set = find_volumes(path, search, silent_progress());
    if (!set) return nullptr;
    is_alike_ = std::ranges::equal(set->volumes, volumes_, [](const FoundVolume& found, const PlannedVolume& planned) {
      return found.size == planned.bytes && found.path.lexically_normal() == planned.path.lexically_normal();
    });
    auto archive = std::make_shared<ArchiveReader>(open_volumes(*std::move(set), path, search));
    archive->check_headers();
    // All of it is there: nothing is to be gone on with.
    retired_.insert(retired_.begin(), unfinished_.begin(), unfinished_.end());
    unfinished_.clear();
    return archive;
  } catch (const Error& error) {
    progress.debug(text::cat("nothing of ", path.string(), " can be used: ", error.message()));
    is_alike_ = false;
    return nullptr;
  }
}

void DividedOutput::take_back() {
  for (const fs::path& file : unfinished_) {
    const fs::path partial = PartialFile::path_for(file);
    if (!path_exists(partial)) rename_file(file, partial);
  }
}

std::unique_ptr<OutputMedium> DividedOutput::make_medium() {
  take_back();
  std::vector<std::uint64_t> ends;
  for (const VolumeEntry& volume : list_.volumes) ends.push_back(volume.offset + volume.size);
  running_ = std::make_shared<RunningSums>(ends);
  return std::make_unique<VolumeOutput>(output_, volumes_, retired_, leftovers_, running_);
}

void DividedOutput::sum(const Medium& archive, const Context& context) {
  sum_volumes(archive, list_, running_ ? running_->take() : std::vector<RunningSums::Begun>(), context);
  running_.reset();
}

void DividedOutput::complete_existing(const Context& context) {
  const bool is_right = std::ranges::all_of(old_lists_, [&](const VolumeList& list) { return list.set == list_.set; });
  const bool is_listed = std::ranges::all_of(volumes_, [&](const PlannedVolume& volume) {
    return std::ranges::any_of(listed_, [&](const fs::path& directory) { return lies_in(volume.path, directory); });
  });
  const bool is_summed = std::ranges::all_of(volumes_, [](const PlannedVolume& volume) {
    return has_sum(directory_of_volume(volume.path), volume.path.filename().string());
  });
  if (is_right && is_listed && is_summed) {
    list_ = old_lists_.front();
    is_complete_ = true;
    return;
  }
  const VolumeSearch search{.directories = directories_};
  const fs::path& path = volumes_.front().path;
  auto set = find_volumes(path, search, silent_progress());
  if (!set) throw Error(ErrorCode::Io, text::cat(path.string(), " is no volume any more"));
  sum(*open_volumes(*std::move(set), path, search), context);
}

void DividedOutput::finish() {
  if (is_complete_) return;
  const std::string json = to_json(list_);
  for (const fs::path& directory : directories_) {
    std::vector<VolumeEntry> here;
    for (std::size_t i = 0; i < volumes_.size(); ++i) {
      if (lies_in(volumes_[i].path, directory)) here.push_back(list_.volumes[i]);
    }
    if (here.empty() && !has_room_for_list(directory, json)) continue;
    write_volume_sums(directory, here, output_, json);
  }
}

std::vector<WrittenVolume> DividedOutput::written() const {
  std::vector<WrittenVolume> written;
  for (std::size_t i = 0; i < volumes_.size(); ++i) {
    written.push_back(
        {.path = volumes_[i].path.lexically_normal(), .bytes = volumes_[i].bytes, .digest = list_.volumes[i].digest});
  }
  return written;
}

}  // namespace ociferry
