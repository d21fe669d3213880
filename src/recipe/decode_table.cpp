#include "recipe/decode_table.hpp"

#include <algorithm>

#include "ociferry/error.hpp"

namespace ociferry::recipe {

namespace {

using LengthCounts = std::array<std::uint16_t, kLongestCode + 1>;

LengthCounts count_code_lengths(std::span<const std::uint8_t> lengths) {
  LengthCounts counts{};
  for (const std::uint8_t length : lengths) ++counts.at(length);
  counts[0] = 0;
  std::uint32_t room = 1;
  for (unsigned length = 1; length <= kLongestCode; ++length) {
    room *= 2;
    if (counts[length] > room)
      throw Error(ErrorCode::Corrupt, "a block has more Huffman codes than their lengths allow");
    room -= counts[length];
  }
  return counts;
}

std::array<std::uint32_t, kLongestCode + 1> first_codes(const LengthCounts& counts) {
  std::array<std::uint32_t, kLongestCode + 1> first{};
  std::uint32_t code = 0;
  for (unsigned length = 1; length <= kLongestCode; ++length) {
    code = (code + counts[length - 1]) << 1;
    first[length] = code;
  }
  return first;
}

std::uint16_t reversed_bits(std::uint32_t code, unsigned length) {
  std::uint32_t out = 0;
  for (unsigned i = 0; i < length; ++i) out |= (code >> i & 1U) << (length - 1 - i);
  return static_cast<std::uint16_t>(out);
}

}  // namespace

void DecodeTable::build(std::span<const std::uint8_t> lengths) {
  counts_ = count_code_lengths(lengths);
  quick_.fill({});
  std::array<std::uint16_t, kLongestCode + 2> place{};
  for (unsigned length = 1; length <= kLongestCode; ++length) {
    place[length + 1] = static_cast<std::uint16_t>(place[length] + counts_[length]);
  }
  auto next = first_codes(counts_);
  for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    const unsigned length = lengths[symbol];
    if (length == 0) continue;
    sorted_[place[length]++] = static_cast<std::uint16_t>(symbol);
    const std::uint32_t code = next[length]++;
    if (length > kQuickBits) continue;
    const Entry entry{static_cast<std::uint16_t>(symbol), static_cast<std::uint16_t>(length)};
    for (std::size_t at = reversed_bits(code, length); at < kQuick; at += std::size_t{1} << length) quick_[at] = entry;
  }
}

std::uint32_t DecodeTable::decode_slowly(BitReader& reader) const {
  const std::uint64_t bits = reader.peek();
  std::uint32_t code = 0;
  std::uint32_t first = 0;
  std::uint32_t before = 0;
  for (unsigned length = 1; length <= kLongestCode; ++length) {
    code = code << 1 | static_cast<std::uint32_t>(bits >> (length - 1) & 1U);
    const std::uint32_t count = counts_[length];
    if (code - first < count) {
      reader.drop(length);
      return sorted_[before + code - first];
    }
    before += count;
    first = (first + count) << 1;
  }
  reader.drop(kLongestCode);  // says so if the stream ends here
  throw Error(ErrorCode::Corrupt, "a block has bits that are no Huffman code of it");
}

void assign_words(std::span<const std::uint8_t> lengths, std::span<CodeWord> words) {
  auto next = first_codes(count_code_lengths(lengths));
  for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    const std::uint8_t length = lengths[symbol];
    words[symbol] = length == 0 ? CodeWord{} : CodeWord{reversed_bits(next[length]++, length), length};
  }
}

std::array<std::uint8_t, kFixedLiteralSymbols> fixed_literal_lengths() noexcept {
  std::array<std::uint8_t, kFixedLiteralSymbols> lengths{};
  for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    lengths[symbol] = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
  }
  return lengths;
}

std::array<std::uint8_t, kDistanceSymbols> fixed_distance_lengths() noexcept {
  std::array<std::uint8_t, kDistanceSymbols> lengths{};
  lengths.fill(5);
  return lengths;
}

}  // namespace ociferry::recipe
