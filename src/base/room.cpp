#include "base/room.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kUnknownRoom = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kFatFile = 0xFFFFFFFF;

std::optional<FileLimit> limit_of_process() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return FileLimit{limit.rlim_cur, "a file of this process (ulimit -f)"};
}

/// In memory (tmpfs) a reservation takes one page after the other, on one thread and with the file locked: a fifth of
/// the time of a merge. Nothing lies together there, and room_at() knows how much there is.
constexpr std::uint64_t kReservedInMemory = 4096;

bool is_in_memory(int fd) {
  struct statfs kind {};
  return ::fstatfs(fd, &kind) == 0 && kind.f_type == TMPFS_MAGIC;
}

/// The errors of fallocate on file systems without support for it, which are no failures.
bool is_not_supported(int why) { return why == EOPNOTSUPP || why == ENOSYS || why == EINVAL || why == ENODEV; }

}  // namespace

std::optional<FileLimit> limit_of_file_system(std::uint64_t type) {
  if (type != MSDOS_SUPER_MAGIC) return std::nullopt;
  return FileLimit{kFatFile, "a file on a FAT file system"};
}

Room room_at(int fd, const std::string& name) {
  struct statvfs room {};
  struct statfs kind {};
  if (::fstatvfs(fd, &room) != 0 || ::fstatfs(fd, &kind) != 0) {
    throw system_error(text::cat("getting the free space for ", name), errno);
  }
  std::optional<FileLimit> largest = limit_of_file_system(static_cast<std::uint64_t>(kind.f_type));
  if (const auto own = limit_of_process(); own && (!largest || own->bytes < largest->bytes)) largest = own;
  // Some file systems (tmpfs, FUSE) do not report a number of blocks.
  const bool is_known = room.f_blocks != 0;
  return {is_known ? std::uint64_t{room.f_bavail} * room.f_frsize : kUnknownRoom, std::move(largest)};
}

std::optional<Error> lack_of_room(const Room& room, std::uint64_t bytes, std::uint64_t there, const std::string& what,
                                  const std::string& where) {
  if (room.largest_file && bytes > room.largest_file->bytes) {
    return Error(ErrorCode::Space, text::cat(what, " will have ", bytes, " bytes, but ", room.largest_file->why,
                                             " can have at most ", room.largest_file->bytes, ": ", where))
        .hint("choose a place on another file system (ext4, XFS, NTFS or exFAT), or raise the limit");
  }
  if (room.free_bytes + there >= bytes) return std::nullopt;
  return Error(ErrorCode::Space, text::cat(what, " will have ", bytes, " bytes, but there is room for only ",
                                           room.free_bytes + there, " at ", where))
      .hint("free some space or choose another place");
}

void reserve_room(int fd, std::uint64_t bytes, Length length, const std::string& name) {
  if (bytes == 0) return;
  const int mode = length == Length::Keep ? FALLOC_FL_KEEP_SIZE : 0;
  const bool is_short = length == Length::Grow && is_in_memory(fd);
  const std::uint64_t reserved = is_short ? std::min(bytes, kReservedInMemory) : bytes;
  while (calls::fallocate(fd, mode, static_cast<off_t>(reserved)) != 0) {
    if (errno == EINTR) continue;
    if (is_not_supported(errno)) break;
    throw system_error(text::cat("reserving ", bytes, " bytes for ", name), errno);
  }
  // Without a reservation, at least the length shows whether the file is too large.
  while (length == Length::Grow && calls::ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
    if (errno != EINTR) throw system_error(text::cat("making ", name, " ", bytes, " bytes long"), errno);
  }
}

}  // namespace ociferry
