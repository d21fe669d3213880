#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "recipe/bit_reader.hpp"
#include "recipe/deflate.hpp"

namespace ociferry::recipe {

/// Decodes the symbols of one Huffman code (RFC 1951, 3.2.2), also of an incomplete one.
class DecodeTable {
 public:
  /// `lengths` by symbol, 0 for those without a code; at most kFixedLiteralSymbols. Throws Error (Corrupt) if there are
  /// more codes than their lengths allow.
  void build(std::span<const std::uint8_t> lengths);

  /// Takes a symbol from the bits that are available. Throws Error (Corrupt) for bits that are no code.
  [[nodiscard]] std::uint32_t decode(BitReader& reader) const {
    const Entry entry = quick_[reader.peek() & (kQuick - 1)];
    if (entry.length == 0) [[unlikely]]
      return decode_slowly(reader);
    reader.drop(entry.length);
    return entry.symbol;
  }

 private:
  static constexpr unsigned kQuickBits = 11;
  static constexpr std::size_t kQuick = std::size_t{1} << kQuickBits;
  struct Entry {
    std::uint16_t symbol = 0;
    std::uint16_t length = 0;  ///< 0: longer than kQuickBits, or no code
  };

  std::uint32_t decode_slowly(BitReader& reader) const;

  std::array<Entry, kQuick> quick_{};
  std::array<std::uint16_t, kLongestCode + 1> counts_{};
  std::array<std::uint16_t, kFixedLiteralSymbols> sorted_{};  ///< by length, then symbol
};

/// A code word, its lowest bit sent first.
struct CodeWord {
  std::uint16_t bits = 0;
  std::uint8_t length = 0;
};

/// The code words for `lengths`; `words` has their size. Throws Error (Corrupt) as `build` does.
void assign_words(std::span<const std::uint8_t> lengths, std::span<CodeWord> words);

/// The lengths of the codes of fixed blocks (RFC 1951, 3.2.6).
[[nodiscard]] std::array<std::uint8_t, kFixedLiteralSymbols> fixed_literal_lengths() noexcept;
[[nodiscard]] std::array<std::uint8_t, kDistanceSymbols> fixed_distance_lengths() noexcept;

}  // namespace ociferry::recipe
