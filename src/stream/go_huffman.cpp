#include "stream/go_huffman.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace ociferry::go_deflate {

namespace {

constexpr unsigned kMaxBits = 15;

struct Symbol {
  std::uint32_t count = 0;
  std::uint16_t value = 0;
};

/// One level of package-merge: what each item weighs, and whether it is a symbol rather than a package of two.
struct Level {
  std::vector<std::uint32_t> weights;
  std::vector<std::uint8_t> is_symbol;  // 1 or 0: faster than bits
};

std::vector<Symbol> used_symbols(std::span<const std::uint32_t> counts) {
  std::vector<Symbol> symbols;
  symbols.reserve(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) symbols.push_back({counts[i], static_cast<std::uint16_t>(i)});
  }
  return symbols;
}

/// Merges the symbols with the pairs of `below`. At equal weight the package comes first; this decides which of
/// several optimal codes results.
Level merge_level(std::span<const Symbol> symbols, const Level& below) {
  const std::size_t packages = below.weights.size() / 2;
  Level level;
  level.weights.resize(symbols.size() + packages);
  level.is_symbol.resize(symbols.size() + packages);
  std::size_t symbol = 0;
  std::size_t package = 0;
  for (std::size_t item = 0; item < level.weights.size(); ++item) {
    const std::uint32_t weight = package < packages ? below.weights[2 * package] + below.weights[2 * package + 1] : 0;
    const bool take_symbol = package == packages || (symbol < symbols.size() && symbols[symbol].count < weight);
    level.weights[item] = take_symbol ? symbols[symbol].count : weight;
    level.is_symbol[item] = take_symbol ? 1 : 0;
    symbol += take_symbol ? 1U : 0U;
    package += take_symbol ? 0U : 1U;
  }
  return level;
}

/// The number of symbols for each code length, by package-merge (Larmore and Hirschberg, 1990). `symbols` are sorted by
/// count; there are at least three.
std::array<std::size_t, kMaxBits + 1> count_lengths(std::span<const Symbol> symbols, unsigned limit) {
  const auto levels = static_cast<unsigned>(std::min<std::size_t>(limit, symbols.size() - 1));
  std::array<Level, kMaxBits> merged;
  merged[0] = merge_level(symbols, {});
  for (unsigned i = 1; i < levels; ++i) merged[i] = merge_level(symbols, merged[i - 1]);

  // A symbol's length is the number of levels in which it is among the items taken. Those taken of a level are its
  // lightest, so counting the symbols among them is enough.
  std::array<std::size_t, kMaxBits + 2> at_least{};
  std::size_t taken = 2 * symbols.size() - 2;
  for (unsigned length = 1; length <= levels; ++length) {
    const auto& flags = merged[levels - length].is_symbol;
    const auto end = flags.begin() + static_cast<std::ptrdiff_t>(std::min(taken, flags.size()));
    at_least[length] = static_cast<std::size_t>(std::count(flags.begin(), end, 1));
    taken = 2 * (taken - at_least[length]);
  }
  std::array<std::size_t, kMaxBits + 1> lengths{};
  for (unsigned length = 1; length <= levels; ++length) lengths[length] = at_least[length] - at_least[length + 1];
  return lengths;
}

std::uint16_t reversed(unsigned code, unsigned length) {
  unsigned out = 0;
  for (unsigned i = 0; i < length; ++i) out |= ((code >> i) & 1) << (length - 1 - i);
  return static_cast<std::uint16_t>(out);
}

}  // namespace

void assign_codes(std::span<const std::uint32_t> counts, unsigned limit, std::span<Code> codes) {
  std::fill(codes.begin(), codes.end(), Code{});
  std::vector<Symbol> symbols = used_symbols(counts);
  if (symbols.size() <= 2) {
    for (std::size_t i = 0; i < symbols.size(); ++i) codes[symbols[i].value] = {static_cast<std::uint16_t>(i), 1};
    return;
  }
  std::ranges::sort(symbols, {}, [](const Symbol& s) { return std::tuple(s.count, s.value); });
  const auto lengths = count_lengths(symbols, limit);
  unsigned code = 0;
  auto end = symbols.end();
  for (unsigned length = 1; length <= kMaxBits; ++length) {
    code <<= 1;
    const auto begin = end - static_cast<std::ptrdiff_t>(lengths[length]);
    std::sort(begin, end, [](const Symbol& a, const Symbol& b) { return a.value < b.value; });
    for (auto symbol = begin; symbol != end; ++symbol) {
      codes[symbol->value] = {reversed(code++, length), static_cast<std::uint8_t>(length)};
    }
    end = begin;
  }
}

std::uint64_t total_bits(std::span<const std::uint32_t> counts, std::span<const Code> codes) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) bits += std::uint64_t{counts[i]} * codes[i].length;
  return bits;
}

}  // namespace ociferry::go_deflate
