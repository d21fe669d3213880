#include "recipe/range_coder.hpp"

#include "ociferry/error.hpp"

namespace ociferry::recipe {

void RangeEncoder::carry() {
  if (low_ <= 0xFFFFFFFF) return;
  low_ &= 0xFFFFFFFF;
  for (std::size_t at = out_.size(); at-- > 0;) {
    out_[at] = static_cast<std::byte>(std::to_integer<unsigned>(out_[at]) + 1U);
    if (out_[at] != std::byte{0}) return;
  }
}

void RangeEncoder::shift() {
  carry();
  out_.push_back(static_cast<std::byte>(low_ >> 24));
  low_ = (low_ << 8) & 0xFFFFFFFF;
  range_ <<= 8;
}

/// As few bytes as determine a number in the range when zeros follow.
void RangeEncoder::finish() {
  const std::uint64_t end = low_ + range_;
  for (unsigned bytes = 1; bytes <= 4; ++bytes) {
    const std::uint64_t below = (std::uint64_t{1} << (32 - 8 * bytes)) - 1;
    const std::uint64_t value = (low_ + below) & ~below;
    if (value >= end) continue;
    low_ = value;
    carry();
    for (unsigned i = 0; i < bytes; ++i) out_.push_back(static_cast<std::byte>(low_ >> (24 - 8 * i)));
    return;
  }
}

std::uint32_t RangeDecoder::byte_behind_end() {
  if (++behind_ > 4) throw Error(ErrorCode::Corrupt, "a recipe ends early");
  return 0;
}

void RangeDecoder::finish() const {
  if (at_ < coded_.size()) throw Error(ErrorCode::Corrupt, "a recipe is longer than what it says");
}

void NumberModel::throw_too_large() { throw Error(ErrorCode::Corrupt, "a recipe has a number that cannot be"); }

}  // namespace ociferry::recipe
