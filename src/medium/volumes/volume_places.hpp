#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ociferry/error.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

/// The room for volumes in a directory.
struct VolumeRoom {
  std::filesystem::path directory;
  std::uint64_t device = 0;  ///< equal for directories that share their room
  std::uint64_t free_bytes = 0;
  std::uint64_t ours = 0;                          ///< that unfinished volumes of the same output have there
  std::optional<std::uint64_t> largest_file = {};  ///< absent: no known limit
};

/// Asks the file system. `output`: as in plan_volumes(). Throws Error{Io}, Error{NotFound}.
[[nodiscard]] VolumeRoom room_for_volumes(const std::filesystem::path& directory, const std::string& output);

/// How large the next volume in `room` may become: what is free there, less what fill_rooms() leaves, or what a file
/// can have. Unfinished volumes count as taken.
[[nodiscard]] std::uint64_t room_for_one(const VolumeRoom& room, std::uint64_t beside);

/// Divides `bytes` bytes into volumes of OUT, `output`, in `directory`, all but the last of `size` bytes. Throws
/// Error{Usage} if they would be more than kMostVolumes.
[[nodiscard]] std::vector<PlannedVolume> divide(const std::filesystem::path& directory, const std::string& output,
                                                std::uint64_t bytes, std::uint64_t size);

/// Fills `rooms`, one after the other. A thousandth of each, but at least 4 MiB, and `beside` bytes stay free, for the
/// file system and what is written beside the volumes. Throws Error{Space} if they have no room for all `bytes` of
/// `what`.
[[nodiscard]] std::vector<PlannedVolume> fill_rooms(const std::vector<VolumeRoom>& rooms, const std::string& output,
                                                    std::uint64_t bytes, std::uint64_t beside,
                                                    std::string_view what = "the archive");

/// Plans a file that is written after volumes, such as parity: `output` in the last of `rooms` that has room for it, or
/// else volumes as by fill_rooms(). Throws likewise.
[[nodiscard]] std::vector<PlannedVolume> fill_last_room(const std::vector<VolumeRoom>& rooms, const std::string& output,
                                                        std::uint64_t bytes, std::uint64_t beside,
                                                        std::string_view what);

/// What is left of `rooms` when `volumes` are written, of which those that have their names take no more.
[[nodiscard]] std::vector<VolumeRoom> rooms_after(std::vector<VolumeRoom> rooms,
                                                  const std::vector<PlannedVolume>& volumes);

/// Why `volumes` do not fit where they shall be; nullopt if they do. Room that their unfinished files have counts.
/// Throws Error{Io}.
[[nodiscard]] std::optional<Error> lack_of_room_for(const std::vector<PlannedVolume>& volumes,
                                                    const std::string& output);

/// The directory of a file, "." if it names none.
[[nodiscard]] std::filesystem::path directory_of_volume(const std::filesystem::path& file);

/// True if `file` was made by putting a name behind `directory`, which may end with a slash.
[[nodiscard]] bool lies_in(const std::filesystem::path& file, const std::filesystem::path& directory);

}  // namespace ociferry
