#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "stream/go_huffman.hpp"
#include "stream/go_match.hpp"

namespace ociferry::go_deflate {

/// Packs bits, the lowest first (RFC 1951, 3.1.1), and passes whole bytes on to a sink in larger portions.
class BitWriter {
 public:
  explicit BitWriter(ByteSink& out) : out_(out) {}

  /// Appends the low `count` bits of `bits`, at most 32; the bits above them are zero.
  void put(std::uint32_t bits, unsigned count) {
    pending_ |= std::uint64_t{bits} << pending_count_;
    pending_count_ += count;
    if (pending_count_ >= 32) spill();
  }
  /// Fills up with zero bits to the next byte.
  void align();
  /// Appends whole bytes; the position must be aligned.
  void put_bytes(Bytes bytes);
  /// Passes on what is whole; the position must be aligned.
  void flush();

 private:
  void spill();

  ByteSink& out_;
  std::uint64_t pending_ = 0;
  unsigned pending_count_ = 0;
  std::array<std::byte, 16384> buffer_;
  std::size_t used_ = 0;
};

/// Writes the blocks of a DEFLATE stream with Go's choice of block type and of Huffman codes.
class BlockWriter {
 public:
  explicit BlockWriter(ByteSink& out) : bits_(out) {}

  /// `piece` as it is (RFC 1951, 3.2.4). At most kPieceBytes.
  void stored(Bytes piece);
  /// `piece`, for which `tokens` stand, in the shorter of the dynamic and the stored form.
  void dynamic(std::span<const Token> tokens, Bytes piece);
  /// `piece` without matches, in the shorter of the dynamic and the stored form.
  void literals_only(Bytes piece);
  /// The empty last block. Nothing may follow.
  void finish();

 private:
  static constexpr std::size_t kLiteralCodes = 286;
  static constexpr std::size_t kDistanceCodes = 30;
  static constexpr std::size_t kLengthCodes = 19;

  /// An item of the run-length form in which the code lengths are sent (RFC 1951, 3.2.7).
  struct LengthItem {
    std::uint8_t symbol = 0;
    std::uint8_t extra = 0;
  };

  void stored_header(std::uint16_t size, std::uint32_t is_final);
  void clear_counts();
  /// Chooses codes for the counts; false, after writing a stored block, if that is shorter.
  bool begin_dynamic(Bytes piece);
  void list_code_lengths();
  void add_run(std::uint8_t length, std::size_t run);
  void add_item(std::uint8_t symbol, std::size_t extra = 0);
  [[nodiscard]] std::uint64_t dynamic_size() const;
  void write_header();
  void write_code(const Code& code) { bits_.put(code.bits, code.length); }
  void write_match(Token token);

  BitWriter bits_;
  std::array<std::uint32_t, kLiteralCodes> literal_counts_{};
  std::array<std::uint32_t, kDistanceCodes> distance_counts_{};
  std::array<std::uint32_t, kLengthCodes> length_counts_{};
  std::array<Code, kLiteralCodes> literal_codes_{};
  std::array<Code, kDistanceCodes> distance_codes_{};
  std::array<Code, kLengthCodes> length_codes_{};
  std::size_t literals_used_ = 0;   ///< HLIT + 257
  std::size_t distances_used_ = 0;  ///< HDIST + 1
  std::size_t lengths_used_ = 0;    ///< HCLEN + 4
  std::vector<LengthItem> items_;
};

}  // namespace ociferry::go_deflate
