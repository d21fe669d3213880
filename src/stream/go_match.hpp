#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stream/stream.hpp"

namespace ociferry::go_deflate {

/// The longest piece that is compressed as one block: what a stored block can hold.
inline constexpr std::size_t kPieceBytes = 65535;

/// A literal byte, or a match of 3..258 bytes at a distance of 1..32768.
class Token {
 public:
  static Token literal(std::byte byte) { return Token(std::to_integer<std::uint32_t>(byte)); }
  static Token match(std::uint32_t length, std::uint32_t distance) {
    return Token(kMatch | (length - 3) << 16 | (distance - 1));
  }
  [[nodiscard]] bool is_match() const { return (bits_ & kMatch) != 0; }
  /// The literal's value.
  [[nodiscard]] std::uint32_t value() const { return bits_; }
  /// The match's length - 3, in 0..255.
  [[nodiscard]] std::uint32_t length_minus_3() const { return (bits_ >> 16) & 0xFF; }
  /// The match's distance - 1, in 0..32767.
  [[nodiscard]] std::uint32_t distance_minus_1() const { return bits_ & 0x7FFF; }

 private:
  static constexpr std::uint32_t kMatch = 1U << 31;
  explicit Token(std::uint32_t bits) : bits_(bits) {}
  std::uint32_t bits_;
};

/// Finds matches just as Go's fastest level does. Remembers where words were seen from piece to piece.
class Matcher {
 public:
  Matcher();

  /// How far back a match reaches: `tokenise` reads that many bytes in front of a piece, except of the first.
  static constexpr std::uint32_t kHistory = 32768;

  /// Appends the tokens for `window` behind its first kHistory bytes, which are the stream's bytes before the piece.
  /// The piece has 128 to kPieceBytes bytes, and only the last piece of a stream has fewer than kPieceBytes.
  void tokenise(Bytes window, std::vector<Token>& tokens);

 private:
  struct Slot {
    std::uint32_t position = 0;
    std::uint32_t word = 0;
  };
  class Run;

  void keep_positions_small();

  std::vector<Slot> table_;
  std::uint32_t position_;  ///< of the next piece's first byte
};

}  // namespace ociferry::go_deflate
