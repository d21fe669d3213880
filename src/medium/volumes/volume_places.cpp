#include "medium/volumes/volume_places.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/fd.hpp"
#include "base/room.hpp"
#include "base/sizes.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "medium/partial_file.hpp"
#include "medium/volumes/volume_list.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kTarUnit = 512;
constexpr std::uint64_t kStatUnit = 512;  ///< the unit of st_blocks
constexpr std::uint64_t kLeastKept = 4 * kMiB;
constexpr std::uint64_t kKeptPart = 1000;
constexpr std::uint64_t kLeastVolume = 64 * kKiB;

std::uint64_t whole_units(std::uint64_t bytes) { return bytes / kTarUnit * kTarUnit; }

Error too_many() {
  return Error(ErrorCode::Usage, text::cat("the archive would have more than ", kMostVolumes, " volumes"))
      .hint("give --volume-size a larger size; no layer was fetched yet");
}

/// The bytes on disk of all unfinished volumes of `output` in `directory`.
std::uint64_t bytes_of_partials(const fs::path& directory, const std::string& output) {
  std::uint64_t bytes = 0;
  for (std::size_t number = 1; number <= kMostVolumes; ++number) {
    struct stat status {};
    const fs::path partial = PartialFile::path_for(directory / volume_name(output, number));
    if (::stat(partial.c_str(), &status) == 0) bytes += static_cast<std::uint64_t>(status.st_blocks) * kStatUnit;
  }
  return bytes;
}

/// What may be filled of `room`, of whose device `used` bytes are taken already.
std::uint64_t usable_bytes(const VolumeRoom& room, std::uint64_t used, std::uint64_t beside) {
  const std::uint64_t there = room.free_bytes + room.ours;
  const std::uint64_t kept = std::max(kLeastKept, there / kKeptPart) + beside;
  return whole_units(there > kept + used ? there - kept - used : 0);
}

}  // namespace

fs::path directory_of_volume(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

bool lies_in(const fs::path& file, const fs::path& directory) {
  return directory_of_volume(file) == directory_of_volume(directory / file.filename());
}

VolumeRoom room_for_volumes(const fs::path& directory, const std::string& output) {
  // In a message "." would not say what cannot be opened.
  const UniqueFd fd = open_file(fs::weakly_canonical(directory), O_RDONLY | O_DIRECTORY);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw system_error(text::cat("looking at ", directory.string()), errno);
  const Room room = room_at(fd.get(), directory.string());
  VolumeRoom found{.directory = directory,
                   .device = status.st_dev,
                   .free_bytes = room.free_bytes,
                   .ours = bytes_of_partials(directory, output)};
  if (room.largest_file) found.largest_file = room.largest_file->bytes;
  return found;
}

std::uint64_t room_for_one(const VolumeRoom& room, std::uint64_t beside) {
  const std::uint64_t usable = usable_bytes({.directory = {}, .free_bytes = room.free_bytes}, 0, beside);
  return std::min(usable, whole_units(room.largest_file.value_or(usable)));
}

std::vector<PlannedVolume> divide(const fs::path& directory, const std::string& output, std::uint64_t bytes,
                                  std::uint64_t size) {
  const std::uint64_t each = whole_units(size);
  if (each < kLeastVolume) {
    throw Error(ErrorCode::Usage, text::cat("volumes of ", size, " bytes are too small")).hint("give 64K or more");
  }
  if ((bytes + each - 1) / each > kMostVolumes) throw too_many();
  std::vector<PlannedVolume> volumes;
  for (std::uint64_t offset = 0; offset < bytes; offset += each) {
    volumes.push_back({directory / volume_name(output, volumes.size() + 1), std::min(each, bytes - offset)});
  }
  return volumes;
}

std::vector<PlannedVolume> fill_rooms(const std::vector<VolumeRoom>& rooms, const std::string& output,
                                      std::uint64_t bytes, std::uint64_t beside, std::string_view what) {
  std::vector<PlannedVolume> volumes;
  std::map<std::uint64_t, std::uint64_t> taken;  // of each device
  std::vector<std::string> lines;
  std::uint64_t left = bytes;
  for (const VolumeRoom& room : rooms) {
    std::uint64_t& used = taken[room.device];
    std::uint64_t usable = usable_bytes(room, used, beside);
    lines.push_back(text::cat(room.directory.string(), ": ", usable, " bytes"));
    const std::uint64_t largest = whole_units(std::min(room.largest_file.value_or(bytes), bytes));
    while (left > 0 && std::min(usable, largest) >= std::min(kLeastVolume, left)) {
      const std::uint64_t size = std::min({left, usable, largest});
      if (volumes.size() == kMostVolumes) throw too_many();
      volumes.push_back({room.directory / volume_name(output, volumes.size() + 1), size});
      left -= size;
      usable -= size;
      used += size;
    }
  }
  if (left == 0) return volumes;
  throw Error(ErrorCode::Space, text::cat(what, " will have ", bytes, " bytes, but ", left,
                                          " of them have no room:", text::listed(lines)))
      .hint("add a directory on another medium, or free some space; no layer was fetched yet");
}

std::vector<PlannedVolume> fill_last_room(const std::vector<VolumeRoom>& rooms, const std::string& output,
                                          std::uint64_t bytes, std::uint64_t beside, std::string_view what) {
  for (auto room = rooms.rbegin(); room != rooms.rend(); ++room) {
    if (usable_bytes(*room, 0, beside) < bytes || room->largest_file.value_or(bytes) < bytes) continue;
    return {{room->directory / output, bytes}};
  }
  return fill_rooms(rooms, output, bytes, beside, what);
}

std::vector<VolumeRoom> rooms_after(std::vector<VolumeRoom> rooms, const std::vector<PlannedVolume>& volumes) {
  for (VolumeRoom& room : rooms) {
    room.free_bytes += room.ours;
    room.ours = 0;
  }
  for (const PlannedVolume& volume : volumes) {
    std::error_code unknown;
    const auto is_here = [&](const VolumeRoom& room) { return lies_in(volume.path, room.directory); };
    const auto here = std::ranges::find_if(rooms, is_here);
    if (here == rooms.end() || fs::exists(volume.path, unknown)) continue;
    const std::uint64_t device = here->device;
    for (VolumeRoom& room : rooms) {
      if (room.device == device) room.free_bytes -= std::min(room.free_bytes, volume.bytes);
    }
  }
  return rooms;
}

std::optional<Error> lack_of_room_for(const std::vector<PlannedVolume>& volumes, const std::string& output) {
  std::map<fs::path, std::uint64_t> bytes;
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> devices;  // needed, there
  for (const PlannedVolume& volume : volumes) bytes[directory_of_volume(volume.path)] += volume.bytes;
  for (const auto& [directory, needed] : bytes) {
    const VolumeRoom room = room_for_volumes(directory, output);
    std::uint64_t largest = 0;
    for (const PlannedVolume& volume : volumes) {
      if (directory_of_volume(volume.path) == directory) largest = std::max(largest, volume.bytes);
    }
    if (room.largest_file && largest > *room.largest_file) {
      return Error(ErrorCode::Space,
                   text::cat("a volume will have ", largest, " bytes, but a file there can have at most ",
                             *room.largest_file, ": ", directory.string()))
          .hint("give smaller volumes: --volume-size fat32 is what FAT takes");
    }
    auto& [all_needed, there] = devices[room.device];
    const bool is_first = all_needed == 0;
    all_needed += needed;
    there += room.ours + (is_first ? room.free_bytes : 0);
    if (all_needed <= there) continue;
    return Error(ErrorCode::Space, text::cat("the volumes will have ", all_needed,
                                             " bytes, but there is room for only ", there, " at ", directory.string()))
        .hint("free some space, or divide the archive among several media with --volume-size fit:DIR,DIR");
  }
  return std::nullopt;
}

}  // namespace ociferry
