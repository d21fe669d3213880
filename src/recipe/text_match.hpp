#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.hpp"

namespace ociferry::recipe {

template <typename Word>
[[nodiscard]] Word load(const std::byte* at) noexcept {
  static_assert(std::endian::native == std::endian::little, "words are read in the stream's byte order");
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// The length of the common prefix of `a` and `b`, at most `limit` bytes. May read 7 bytes more.
[[nodiscard]] inline std::uint32_t common_prefix(const std::byte* a, const std::byte* b, std::uint32_t limit) noexcept {
  for (std::uint32_t n = 0; n < limit; n += 8) {
    if (const auto diff = load<std::uint64_t>(a + n) ^ load<std::uint64_t>(b + n); diff != 0) {
      const std::uint32_t length = n + static_cast<std::uint32_t>(std::countr_zero(diff)) / 8;
      return length < limit ? length : limit;
    }
  }
  return limit;
}

}  // namespace ociferry::recipe
