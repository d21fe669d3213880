#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ociferry/error.hpp"

namespace ociferry {

/// The limit of a file's size.
struct FileLimit {
  std::uint64_t bytes = 0;
  std::string why = {};  ///< for messages: "a file on FAT32"
};

/// The free space of the file system of an open file or directory.
struct Room {
  std::uint64_t free_bytes = 0;                ///< for this user; the maximum if not known
  std::optional<FileLimit> largest_file = {};  ///< absent: no known limit
};

/// Asks the kernel (fstatvfs, fstatfs, RLIMIT_FSIZE). Throws Error{Io} naming `name`.
[[nodiscard]] Room room_at(int fd, const std::string& name);

/// The largest file on a file system of this type (statfs(2), f_type); nullopt if irrelevant.
[[nodiscard]] std::optional<FileLimit> limit_of_file_system(std::uint64_t type);

/// Error{Space} if a file of `bytes` bytes, `there` of which are allocated already, does not fit in `room`; nullopt if
/// it does. `what` is the file, as in "the archive".
[[nodiscard]] std::optional<Error> lack_of_room(const Room& room, std::uint64_t bytes, std::uint64_t there,
                                                const std::string& what, const std::string& where);

/// Whether reserving space changes the file's size.
enum class Length { Grow, Keep };

/// Reserves `bytes` bytes for the file `fd`, if the file system supports it: a lack of space or quota shows now, and
/// the blocks are contiguous. A file that grows in memory (tmpfs) only gets its length. Throws
/// Error{Space}, Error{Io} naming `name`.
void reserve_room(int fd, std::uint64_t bytes, Length length, const std::string& name);

}  // namespace ociferry
