#include "medium/kept_bytes.hpp"

#include <algorithm>

#include "base/room.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

void KeptBytes::move_to_file() {
  name_ = text::cat("a temporary file in ", directory_.string());
  fd_ = anonymous_file(directory_);
  const std::uint64_t expected = room_ == Room::Checked ? most_ : 0;
  if (auto lack = lack_of_room(room_at(fd_.get(), directory_.string()), expected, 0, what_, directory_.string())) {
    throw(*std::move(lack)).hint("set TMPDIR to a directory with enough room");
  }
  write_full(fd_.get(), memory_, name_);
  memory_ = {};
}

void KeptBytes::append(Bytes bytes) {
  if (bytes.size() > most_ - size_) {
    throw Error(ErrorCode::Corrupt,
                text::cat(what_, ": there are more bytes than the ", most_, " that were announced"));
  }
  if (!fd_ && size_ + bytes.size() > kMostInMemory) move_to_file();
  if (fd_) {
    write_full(fd_.get(), bytes, name_);
  } else {
    memory_.insert(memory_.end(), bytes.begin(), bytes.end());
  }
  size_ += bytes.size();
}

void KeptBytes::read(std::uint64_t offset, MutableBytes buffer) const {
  if (offset > size_ || buffer.size() > size_ - offset) {
    throw Error(ErrorCode::Corrupt, text::cat(what_, ": bytes are named that did not come: ", buffer.size(), " from ",
                                              offset, " on, of ", size_));
  }
  if (!fd_) {
    std::copy_n(memory_.begin() + static_cast<std::ptrdiff_t>(offset), buffer.size(), buffer.begin());
  } else if (pread_full(fd_.get(), buffer, offset, name_) < buffer.size()) {
    throw Error(ErrorCode::Io, text::cat(name_, " ends before offset ", offset + buffer.size()));
  }
}

}  // namespace ociferry
