#include "layout/compact/expanded_medium.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"

namespace ociferry::compact {

ExpandedMedium::ExpandedMedium(std::unique_ptr<ByteSource> reader, std::uint64_t size, std::string name,
                               const std::filesystem::path& temporary_directory)
    : name_(std::move(name)),
      size_(size),
      expanded_(size_, temporary_directory, "the expanded archive", KeptBytes::Room::Unchecked),
      reader_(std::move(reader)) {}

void ExpandedMedium::expand_to(std::uint64_t offset) const {
  if (failure_) std::rethrow_exception(failure_);
  std::vector<std::byte> buffer(kReadBufferBytes);
  try {
    while (expanded_.size() < offset) {
      const std::size_t got = reader_->read(buffer);
      if (got == 0) break;
      expanded_.append(Bytes(buffer).first(got));
    }
  } catch (...) {
    failure_ = std::current_exception();
    throw;
  }
}

std::size_t ExpandedMedium::read_at(std::uint64_t offset, MutableBytes buffer) const {
  const std::lock_guard lock(mutex_);
  if (offset >= size_) return 0;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size_ - offset));
  expand_to(offset + count);
  expanded_.read(offset, buffer.first(count));
  return count;
}

bool ExpandedMedium::is_at_hand(std::uint64_t offset, std::uint64_t size) const {
  const std::lock_guard lock(mutex_);
  return offset + size <= expanded_.size();
}

}  // namespace ociferry::compact
