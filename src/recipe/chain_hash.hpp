#pragma once

#include "recipe/chain_rules.hpp"
#include "recipe/text_match.hpp"

namespace ociferry::recipe {

template <ChainHash Hash>
inline constexpr unsigned kChainHashBits = Hash == ChainHash::Zlib ? 15 : 17;

/// The shortest match, which is what is hashed.
template <ChainHash Hash>
inline constexpr std::uint32_t kShortestOf = Hash == ChainHash::Zlib ? 3 : 4;

/// The hash that the real encoder computes, with its own constants: it decides which places the encoder
/// compares, so with any other hash other tokens would be foreseen.
template <ChainHash Hash>
[[nodiscard]] std::uint32_t chain_hash(const std::byte* at) noexcept {
  const auto word = load<std::uint32_t>(at);
  if constexpr (Hash == ChainHash::Zlib) {
    constexpr std::uint32_t kMask = (1U << kChainHashBits<Hash>)-1;
    return (word << 10 ^ (word >> 8 & 0xFF) << 5 ^ (word >> 16 & 0xFF)) & kMask;
  } else if constexpr (Hash == ChainHash::Go) {
    const std::uint32_t first_highest = word << 24 | (word & 0xFF00U) << 8 | (word >> 8 & 0xFF00U) | word >> 24;
    return (first_highest * 0x1E35A7BDU) >> (32 - kChainHashBits<Hash>);
  } else {
    return (word * 2654435761U) >> (32 - kChainHashBits<Hash>);
  }
}

}  // namespace ociferry::recipe
