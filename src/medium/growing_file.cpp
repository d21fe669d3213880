#include "medium/growing_file.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/room.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "medium/holes.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

GrowingFile::GrowingFile(const std::filesystem::path& path, std::uint64_t bytes)
    : name_(path.string()), bytes_(bytes), fd_(open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600)) {
  if (size() > bytes_) resize(0);
}

std::uint64_t GrowingFile::size() const { return file_size(fd_.get(), name_); }

std::size_t GrowingFile::read_at(std::uint64_t offset, MutableBytes buffer) const {
  return pread_full(fd_.get(), buffer, offset, name_);
}

void GrowingFile::write_at(std::uint64_t offset, Bytes bytes) { pwrite_full(fd_.get(), bytes, offset, name_); }

std::uint64_t GrowingFile::written_until(std::uint64_t offset) const { return next_hole(fd_.get(), offset, name_); }

void GrowingFile::reserve() { reserve_room(fd_.get(), bytes_, Length::Keep, name_); }

bool GrowingFile::allow_holes(std::uint64_t end) {
  resize(bytes_);
  if (written_until(end) < bytes_) return true;
  resize(end);
  return false;
}

void GrowingFile::resize(std::uint64_t size) {
  if (calls::ftruncate(fd_.get(), static_cast<off_t>(size)) == 0) return;
  throw system_error(text::cat("resizing ", name_), errno);
}

}  // namespace ociferry
