#pragma once

#include "recipe/text_match.hpp"

namespace ociferry::recipe {

// The hashes decide which places a real encoder compares: zlib's of three bytes, Go's of four.

template <std::uint32_t Shortest>
inline constexpr unsigned kChainHashBits = Shortest == 3 ? 15 : 17;

template <std::uint32_t Shortest>
[[nodiscard]] std::uint32_t chain_hash(const std::byte* at) noexcept {
  const auto word = load<std::uint32_t>(at);
  if constexpr (Shortest == 3) {
    constexpr std::uint32_t kMask = (1U << kChainHashBits<Shortest>)-1;
    return (word << 10 ^ (word >> 8 & 0xFF) << 5 ^ (word >> 16 & 0xFF)) & kMask;
  } else {
    const std::uint32_t first_highest = word << 24 | (word & 0xFF00U) << 8 | (word >> 8 & 0xFF00U) | word >> 24;
    return (first_highest * 0x1E35A7BDU) >> (32 - kChainHashBits<Shortest>);
  }
}

}  // namespace ociferry::recipe
