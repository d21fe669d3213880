#include "medium/partial_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/room.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/temporary.hpp"
#include "base/text.hpp"
#include "medium/device_reader.hpp"
#include "medium/file_medium.hpp"
#include "medium/holes.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

struct stat status_of(int fd, const std::string& name) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw system_error(text::cat("looking at ", name), errno);
  return status;
}

}  // namespace

PartialFile::PartialFile(std::filesystem::path archive)
    : archive_(std::move(archive)), partial_(path_for(archive_)), name_(partial_.string()) {
  do {
    fd_ = open_file(partial_, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (!S_ISREG(status_of(fd_.get(), name_).st_mode)) {
      throw Error(ErrorCode::Io, text::cat(name_, " is in the way: it is not a file"))
          .hint("remove it, or choose another output file");
    }
    if (!lock_file(fd_.get(), name_)) {
      throw Error(ErrorCode::Busy, text::cat("another process is writing ", archive_.string()))
          .hint("wait for it to end, or choose another output file");
    }
    // Between opening and locking, the process that held the lock may have finished and renamed the file away.
  } while (!is_named(fd_.get(), partial_));
}

std::filesystem::path PartialFile::path_for(const std::filesystem::path& archive) {
  return archive.string() + ".partial";
}

std::uint64_t PartialFile::size() const { return file_size(fd_.get(), name_); }

std::size_t PartialFile::read_at(std::uint64_t offset, MutableBytes buffer) const {
  return pread_full(fd_.get(), buffer, offset, name_);
}

void PartialFile::write_at(std::uint64_t offset, Bytes bytes) {
  pwrite_full(fd_.get(), bytes, offset, name_);
  if (hints_) hints_->wrote(bytes.size());
}

/// A reserved block that was never written still counts as a hole.
std::uint64_t PartialFile::written_until(std::uint64_t offset) const { return next_hole(fd_.get(), offset, name_); }

void PartialFile::reserve(std::uint64_t bytes, Existing existing) {
  check_room(bytes);
  if (existing == Existing::Keep) {
    // If the earlier run failed to write, the page cache may still hold data that is not on the disk.
    static_cast<void>(::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED));
  } else {
    if (calls::ftruncate(fd_.get(), 0) != 0) throw system_error(text::cat("emptying ", name_), errno);
    try {
      // Allocates contiguous blocks if possible: this is faster, and a lack of space shows now.
      reserve_room(fd_.get(), bytes, Length::Grow, name_);
    } catch (Error& error) {
      remove();  // it is empty
      error.hint("free some space or choose another output file; nothing was downloaded yet");
      throw;
    }
  }
  hints_.emplace(fd_.get(), bytes);
}

void PartialFile::check_room(std::uint64_t bytes) const {
  const struct stat status = status_of(fd_.get(), name_);
  const std::uint64_t there = static_cast<std::uint64_t>(status.st_blocks) * 512;
  auto lack = lack_of_room(room_at(fd_.get(), name_), bytes, there, "the archive", archive_.string());
  if (!lack) return;
  if (status.st_size == 0) remove();
  throw std::move(*lack).while_doing("checking the output before anything is downloaded");
}

void PartialFile::remove() const { static_cast<void>(calls::unlinkat(AT_FDCWD, partial_.c_str(), 0)); }

void PartialFile::sync() { fsync_fd(fd_.get(), name_); }

std::unique_ptr<Medium> PartialFile::reopen(DeviceReader* device) const {
  if (device != nullptr) {
    if (auto medium = device->open(partial_)) return medium;
    throw Error(ErrorCode::Io, text::cat(name_, " is no file any more"));
  }
  return std::make_unique<FileMedium>(name_, open_file(partial_, O_RDONLY | O_NOFOLLOW));
}

void PartialFile::publish() {
  rename_file(partial_, archive_);
  fsync_directory(archive_.parent_path());
  fd_.close(archive_.string());
}

}  // namespace ociferry
