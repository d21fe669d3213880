#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// DEFLATE (RFC 1951) taken apart: what recipes are about.
namespace ociferry::recipe {

inline constexpr std::size_t kLiteralSymbols = 286;
inline constexpr std::size_t kFixedLiteralSymbols = 288;
inline constexpr std::size_t kDistanceSymbols = 30;
inline constexpr std::size_t kLengthSymbols = 19;
inline constexpr std::size_t kFewestLiteralSymbols = 257;
inline constexpr std::size_t kFewestLengthSymbols = 4;
inline constexpr std::uint32_t kEndOfBlock = 256;
inline constexpr std::uint32_t kShortestMatch = 3;
inline constexpr std::uint32_t kLongestMatch = 258;
inline constexpr std::uint32_t kReach = 32768;
inline constexpr unsigned kLongestCode = 15;
inline constexpr unsigned kLongestLengthCode = 7;

/// The front of a token is what is sent before a distance: a literal, or the length of a match. These number them: the
/// number of a match is kLengthFront + its length; kFronts is how many there are.
inline constexpr std::uint32_t kLengthFront = 256 - kShortestMatch;
inline constexpr std::uint32_t kFronts = kLengthFront + kLongestMatch + 2;

/// The symbols of the code of code lengths that stand for several lengths (RFC 1951, 3.2.7).
inline constexpr std::uint8_t kRepeat = 16;
inline constexpr std::uint8_t kZeros = 17;
inline constexpr std::uint8_t kManyZeros = 18;

/// The order in which the lengths of the code of code lengths are sent.
inline constexpr std::array<std::uint8_t, kLengthSymbols> kLengthOrder = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                                          11, 4,  12, 3, 13, 2, 14, 1, 15};

/// A literal, whose byte the unpacked bytes tell, or a match.
class Token {
 public:
  Token() = default;
  static Token literal() { return {}; }
  /// `length` in 3..258, `distance` in 1..32768.
  static Token match(std::uint32_t length, std::uint32_t distance) { return Token(length << 16 | distance); }
  /// A match of 258 bytes sent as 227 + 31, which has a shorter form.
  static Token odd_match(std::uint32_t distance) { return Token(kOdd | kLongestMatch << 16 | distance); }

  [[nodiscard]] bool is_match() const noexcept { return bits_ != 0; }
  /// How many bytes it stands for.
  [[nodiscard]] std::uint32_t length() const noexcept { return (bits_ >> 16 & 0x1FF) + literals(); }
  /// 1 for a literal, 0 for a match, without a branch: no processor foresees which of them comes next.
  [[nodiscard]] std::uint32_t literals() const noexcept { return ((bits_ & ~kOdd) - 1U) >> 31; }
  [[nodiscard]] std::uint32_t distance() const noexcept { return bits_ & 0xFFFF; }
  [[nodiscard]] bool is_odd() const noexcept { return (bits_ & kOdd) != 0; }
  bool operator==(const Token&) const = default;

 private:
  static constexpr std::uint32_t kOdd = 1U << 31;
  explicit Token(std::uint32_t bits) : bits_(bits) {}
  std::uint32_t bits_ = 0;
};

/// A symbol, and the bits that follow its code.
struct Symbol {
  std::uint32_t symbol = 0;
  std::uint32_t extra = 0;
  unsigned extra_bits = 0;
};

[[nodiscard]] inline Symbol length_symbol(Token match) noexcept {
  if (match.is_odd()) return {284, 31, 5};
  const std::uint32_t rest = match.length() - kShortestMatch;
  if (rest == 255) return {285, 0, 0};
  const auto bits = static_cast<unsigned>(std::bit_width(rest | 4U)) - 3;
  return {257 + 4 * bits + (rest >> bits), rest & ((1U << bits) - 1), bits};
}

/// The symbols of distances less 1: of those below 256 one by one, then of all by their 128th part. One more than there
/// are, for who takes a distance for a longer one.
inline constexpr auto kDistanceSymbolTable = [] {
  std::array<std::uint8_t, 256 + kReach / 128 + 1> table{};
  for (std::uint32_t index = 0; index < table.size(); ++index) {
    const std::uint32_t rest = index < 256 ? index : (index - 256) << 7;
    const auto bits = static_cast<unsigned>(std::bit_width(rest | 2U)) - 2;
    table.at(index) = static_cast<std::uint8_t>(2 * bits + (rest >> bits));
  }
  return table;
}();

/// By a table: many processors take long to find the highest bit.
[[nodiscard]] inline Symbol distance_symbol(std::uint32_t distance) noexcept {
  const std::uint32_t rest = distance - 1;
  const std::uint32_t far = (255U - rest) >> 31;  // 1 if it is 256 or more, without a branch
  const std::uint32_t symbol = kDistanceSymbolTable.data()[(rest >> (7U * far)) + (far << 8)];
  const unsigned bits = (symbol - (symbol > 1 ? 2U : 0U)) / 2;
  return {symbol, rest & ((1U << bits) - 1), bits};
}

/// The number of a token's front: of a literal its `byte`; of a match by its length, with one for the odd form of 258.
[[nodiscard]] inline std::uint32_t front_of(Token token, std::byte byte) noexcept {
  if (token.is_odd()) [[unlikely]]
    return kFronts - 1;
  const std::uint32_t none = 0U - token.literals();
  return ((kLengthFront + token.length()) & ~none) | (std::to_integer<std::uint32_t>(byte) & none);
}

/// An item of the run-length form of code lengths.
struct LengthItem {
  std::uint8_t symbol = 0;
  std::uint8_t extra = 0;
  bool operator==(const LengthItem&) const = default;
};

[[nodiscard]] inline unsigned extra_bits_of(std::uint8_t length_symbol) noexcept {
  return length_symbol == kRepeat ? 2 : length_symbol == kZeros ? 3 : length_symbol == kManyZeros ? 7 : 0;
}

/// How many code lengths an item stands for.
[[nodiscard]] inline std::size_t run_of(LengthItem item) noexcept {
  if (item.symbol < kRepeat) return 1;
  return item.extra + std::size_t{item.symbol == kManyZeros ? 11U : 3U};
}

/// The head of a dynamic block, as it was sent.
struct CodeHeader {
  std::array<std::uint8_t, kLiteralSymbols> literal_lengths{};
  std::array<std::uint8_t, kDistanceSymbols> distance_lengths{};
  std::array<std::uint8_t, kLengthSymbols> length_lengths{};  ///< by symbol
  std::size_t literals = kFewestLiteralSymbols;               ///< HLIT + 257
  std::size_t distances = 1;                                  ///< HDIST + 1
  std::size_t lengths = kFewestLengthSymbols;                 ///< HCLEN + 4
  std::vector<LengthItem> items;
};

/// How often the symbols of some tokens occur, with one end of block.
struct SymbolCounts {
  std::array<std::uint32_t, kLiteralSymbols> literals{};
  std::array<std::uint32_t, kDistanceSymbols> distances{};
};

enum class PartKind : std::uint8_t { Stored, Fixed, Dynamic, Outside };

/// A run of a gzip stream: (a part of) a block, or of what lies outside of the DEFLATE data.
struct Part {
  PartKind kind = PartKind::Outside;
  bool begins = true;         ///< of a Fixed or Dynamic block: it is sent with its head
  bool ends = true;           ///< of a Fixed or Dynamic block: it is sent with its end of block
  bool is_final = false;      ///< of a block: BFINAL
  std::uint8_t pad_bits = 0;  ///< before the bytes of a Stored block, or those Outside: up to the byte's end
  std::uint8_t padding = 0;   ///< their value
  std::uint32_t tokens = 0;   ///< of a Fixed or Dynamic block
  std::uint32_t bytes = 0;    ///< of unpacked content; Outside: of what is kept as it is
  bool operator==(const Part&) const = default;
};

/// What a piece of a gzip stream consists of, but for its unpacked bytes.
struct Parts {
  std::vector<Part> parts;
  std::vector<Token> tokens;        ///< of all blocks
  std::vector<CodeHeader> headers;  ///< one for each Dynamic part
  std::vector<std::byte> outside;   ///< of all parts Outside
};

/// More parts than this no piece has, nor more bytes outside of DEFLATE data.
inline constexpr std::size_t kMostParts = 2048;
inline constexpr std::size_t kMostOutside = 256 * 1024;

}  // namespace ociferry::recipe
