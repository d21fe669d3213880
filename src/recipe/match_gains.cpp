#include "recipe/match_gains.hpp"

#include <algorithm>

#include "recipe/code_guess.hpp"

namespace ociferry::recipe {

namespace {

/// The window is twice as large as the reach; it is filled when fewer bytes than this are ahead in it.
constexpr std::uint32_t kLeastAhead = kLongestMatch + 4;
constexpr int kMatchCost = 6;

}  // namespace

void MatchGains::begin(std::uint32_t at) noexcept {
  window_end_ = at;
  is_begun_ = false;
}

void MatchGains::look_at(const Text& text, std::uint32_t at, std::uint32_t input) {
  if (is_begun_ && at + kLeastAhead <= window_end_) return;
  while (!is_begun_ || at + kLeastAhead > window_end_) {
    window_end_ += is_begun_ ? kReach : 2 * kReach;
    is_begun_ = true;
  }
  std::array<std::uint32_t, 256> counts{};
  const std::uint32_t end = std::min(window_end_, input);
  for (std::uint32_t place = at; place < end; ++place) ++counts.at(std::to_integer<std::size_t>(text.bytes[place]));
  // It counts with 16 bits.
  for (std::uint32_t& count : counts) count &= 0xFFFFU;
  go_lengths(counts, kLongestCode, bits_);
}

int MatchGains::gain_of(std::uint32_t length, std::uint32_t distance) noexcept {
  std::uint16_t* const sums = sums_.data();
  for (; weighed_ < length; ++weighed_) {
    const std::uint8_t bits = bits_.data()[std::to_integer<std::size_t>(at_[weighed_])];
    sums[weighed_ + 1] = static_cast<std::uint16_t>(sums[weighed_] + bits);
  }
  // It takes the distance for one that is longer by one.
  const unsigned extra = distance_symbol(distance + 1).extra_bits + length_symbol(Token::match(length, 1)).extra_bits;
  return sums[length] - static_cast<int>(extra) - kMatchCost;
}

}  // namespace ociferry::recipe
