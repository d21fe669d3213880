#include "recipe/bit_reader.hpp"

#include <algorithm>

#include "ociferry/error.hpp"

namespace ociferry::recipe {

void BitReader::throw_ends_early() { throw Error(ErrorCode::Corrupt, "the gzip stream ends early"); }

bool BitReader::read_more() {
  if (ended_) return false;
  const std::size_t kept = std::min(at_, kKept);
  const std::size_t rest = end_ - at_;
  std::memmove(buffer_.data(), buffer_.data() + (at_ - kept), kept + rest);
  at_ = kept;
  end_ = kept + rest;
  const std::size_t got = source_.read(MutableBytes(buffer_).subspan(end_));
  end_ += got;
  ended_ = got == 0;
  return !ended_;
}

void BitReader::refill_slowly() {
  while (count_ < 56) {
    if (at_ == end_ && !read_more()) return;
    bits_ |= std::to_integer<std::uint64_t>(buffer_[at_++]) << count_;
    count_ += 8;
  }
}

void BitReader::give_back() {
  at_ -= count_ / 8;
  bits_ = 0;
  count_ = 0;
}

void BitReader::read_bytes(std::size_t most, std::vector<std::byte>& to) {
  give_back();
  while (most > 0) {
    if (at_ == end_ && !read_more()) return;
    const std::size_t part = std::min(most, end_ - at_);
    const auto from = buffer_.begin() + static_cast<std::ptrdiff_t>(at_);
    to.insert(to.end(), from, from + static_cast<std::ptrdiff_t>(part));
    at_ += part;
    most -= part;
  }
}

Bytes BitReader::next_bytes(std::size_t count) {
  give_back();
  while (end_ - at_ < count && read_more()) {
  }
  return Bytes(buffer_).subspan(at_, std::min(count, end_ - at_));
}

bool BitReader::at_end() { return next_bytes(1).empty(); }

}  // namespace ociferry::recipe
