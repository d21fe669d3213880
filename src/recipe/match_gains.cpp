#include "recipe/match_gains.hpp"

#include <algorithm>
#include <functional>

#include "recipe/code_guess.hpp"

namespace ociferry::recipe {

namespace {

constexpr std::size_t kTurns = 4;

}  // namespace

void MatchGains::begin(std::uint32_t at) noexcept {
  window_end_ = at;
  is_begun_ = false;
}

void MatchGains::fill_window(const Text& text, std::uint32_t at, std::uint32_t input) {
  while (!is_begun_ || at + kLeastAhead > window_end_) {
    window_end_ += is_begun_ ? kReach : 2 * kReach;
    is_begun_ = true;
  }
  const std::uint32_t end = std::min(window_end_, input);
  // Several counts of each byte, used in turn: where a byte follows itself, its count is not waited for.
  std::array<std::array<std::uint32_t, 256>, kTurns> turns{};
  for (std::uint32_t place = at; place < end; ++place) {
    ++turns.data()[place % kTurns].data()[std::to_integer<std::size_t>(text.bytes[place])];
  }
  std::array<std::uint32_t, 256> counts{};
  for (const auto& turn : turns) std::ranges::transform(counts, turn, counts.begin(), std::plus<>());
  // It counts with 16 bits.
  for (std::uint32_t& count : counts) count &= 0xFFFFU;
  go_lengths(counts, kLongestCode, bits_);
}

}  // namespace ociferry::recipe
