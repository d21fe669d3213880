#include "layout/sealed/archive_stream.hpp"

#include <algorithm>

#include "archive/tar_header.hpp"

namespace ociferry {

/// The header of the member, and all of a file before the blobs; behind the last member, the end of the tar.
void ArchiveStream::begin_member() {
  if (index_ == plan_.members.size()) {
    ready_.append(kArchiveTrailerBytes, '\0');
    return;
  }
  const ArchiveMember& member = plan_.members[index_];
  ready_ += member.header();
  is_in_blob_ = index_ >= plan_.files();
  if (is_in_blob_) return;
  ready_ += plan_.front[index_].content;
  ready_.append(tar_padding(member.size), '\0');
}

std::size_t ArchiveStream::read_blob(MutableBytes buffer) {
  if (!blob_) blob_ = open_(index_ - plan_.files());
  const std::size_t got = blob_->read(buffer);
  if (got > 0) return got;
  blob_.reset();
  is_in_blob_ = false;
  ready_.append(tar_padding(plan_.members[index_].size), '\0');
  return 0;
}

std::size_t ArchiveStream::read(MutableBytes buffer) {
  while (!buffer.empty()) {
    if (given_ < ready_.size()) {
      const std::size_t count = std::min(buffer.size(), ready_.size() - given_);
      std::ranges::copy(as_bytes(ready_).subspan(given_, count), buffer.begin());
      given_ += count;
      return count;
    }
    ready_.clear();
    given_ = 0;
    if (is_in_blob_) {
      if (const std::size_t got = read_blob(buffer); got > 0) return got;
    } else if (index_ == plan_.members.size()) {
      return 0;
    }
    if (!is_in_blob_) {
      ++index_;
      begin_member();
    }
  }
  return 0;
}

}  // namespace ociferry
