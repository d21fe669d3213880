#pragma once

#include "recipe/decode_table.hpp"
#include "recipe/gzip_recipe.hpp"

namespace ociferry::recipe {

/// The unpacked bytes that a parser works on: the history, then those of the piece.
class Window {
 public:
  Window() : bytes_(kPieceHistory + kPieceBytes + kSlack) {}

  void begin_member() noexcept { member_ = at_; }
  /// Unpacked bytes of the piece.
  [[nodiscard]] std::size_t size() const noexcept { return at_ - kPieceHistory; }
  [[nodiscard]] std::size_t room() const noexcept { return kPieceBytes - size(); }
  void literal(std::uint32_t byte) noexcept { bytes_[at_++] = static_cast<std::byte>(byte); }
  void append(Bytes bytes);
  /// There is room. Throws Error (Corrupt) if the distance is beyond the member's beginning.
  void match(std::uint32_t length, std::uint32_t distance) {
    if (distance > at_ - member_) [[unlikely]]
      throw_beyond();
    copy(length, distance);
  }
  /// The bytes of the piece, which becomes history.
  [[nodiscard]] std::vector<std::byte> take();

 private:
  static constexpr std::size_t kSlack = 512;  // copies may write beyond their end

  void copy(std::uint32_t length, std::uint32_t distance) noexcept;
  [[noreturn]] static void throw_beyond();

  std::vector<std::byte> bytes_;
  std::size_t at_ = kPieceHistory;
  std::size_t member_ = kPieceHistory;
};

/// Reads the heads and tokens of compressed blocks.
class Inflater {
 public:
  Inflater(BitReader& reader, Window& window);

  /// The codes of a fixed block.
  void use_fixed_codes();
  /// Reads the head of a dynamic block. Throws Error (Corrupt).
  [[nodiscard]] CodeHeader read_header();
  /// Reads tokens up to the block's end, or until the window has no room for the longest match; true at the end.
  bool read_tokens(std::vector<Token>& tokens);

 private:
  void read_lengths(CodeHeader& header);
  std::uint32_t read_length(std::uint32_t symbol);
  std::uint32_t read_distance();

  BitReader& reader_;
  Window& window_;
  DecodeTable literals_;
  DecodeTable distances_;
  bool are_fixed_ = false;  ///< both of them
};

}  // namespace ociferry::recipe
