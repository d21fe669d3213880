#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ociferry/error.hpp"

namespace ociferry {

/// What bounds the length of a file.
struct FileLimit {
  std::uint64_t bytes = 0;
  std::string why = {};  ///< "a file on FAT32", say, for messages
};

/// The room where an open file or directory is.
struct Room {
  std::uint64_t free_bytes = 0;                ///< for this user; very many where it is not known
  std::optional<FileLimit> largest_file = {};  ///< absent: no bound is known
};

/// Asks the kernel (fstatvfs, fstatfs, RLIMIT_FSIZE). Throws Error{Io} naming `name`.
[[nodiscard]] Room room_at(int fd, const std::string& name);

/// The longest file that a file system of this kind (statfs(2), f_type) takes; nullopt where that is no matter.
[[nodiscard]] std::optional<FileLimit> limit_of_file_system(std::uint64_t type);

/// Error{Space} if a file of `bytes` bytes, `there` of which are on the disk already, does not fit in `room`; nullopt
/// if it does. `what` is the file, as in "the archive".
[[nodiscard]] std::optional<Error> lack_of_room(const Room& room, std::uint64_t bytes, std::uint64_t there,
                                                const std::string& what, const std::string& where);

/// What becomes of a file's length when room is set aside for it.
enum class Length { Grow, Keep };

/// Makes the file system set `bytes` bytes aside for the file `fd`, where it can do that: running out of room or quota
/// shows now, and its blocks lie together. Throws Error{Space}, Error{Io} naming `name`.
void reserve_room(int fd, std::uint64_t bytes, Length length, const std::string& name);

}  // namespace ociferry
