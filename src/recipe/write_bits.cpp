#include "recipe/write_bits.hpp"

#include <algorithm>
#include <cstring>

#include "ociferry/error.hpp"
#include "recipe/decode_table.hpp"

namespace ociferry::recipe {

namespace {

/// Appends bits, the lowest first.
class BitPacker {
 public:
  /// `count` is at most 32; the bits of `value` above them are zero.
  void put(std::uint32_t value, unsigned count) {
    pending_ |= std::uint64_t{value} << pending_bits_;
    pending_bits_ += count;
    if (pending_bits_ >= 32) spill();
  }
  void put_bytes(Bytes bytes) {
    for (const std::byte byte : bytes) put(std::to_integer<std::uint32_t>(byte), 8);
  }
  BitRun finish() {
    BitRun run;
    run.bits = std::uint64_t{used_} * 8 + pending_bits_;
    bytes_.resize(used_);
    for (unsigned at = 0; at < pending_bits_; at += 8) bytes_.push_back(static_cast<std::byte>(pending_ >> at));
    run.bytes = std::move(bytes_);
    return run;
  }

 private:
  void spill() {
    if (used_ + 4 > bytes_.size()) bytes_.resize(2 * used_ + 4096);
    const auto word = static_cast<std::uint32_t>(pending_);
    std::memcpy(bytes_.data() + used_, &word, sizeof word);
    used_ += 4;
    pending_ >>= 32;
    pending_bits_ -= 32;
  }

  std::vector<std::byte> bytes_;
  std::size_t used_ = 0;
  std::uint64_t pending_ = 0;
  unsigned pending_bits_ = 0;
};

class PartWriter {
 public:
  PartWriter(const Parts& parts, Bytes plain) : parts_(parts), plain_(plain) {}

  BitRun write() {
    for (const Part& part : parts_.parts) {
      if (part.kind == PartKind::Outside) {
        packer_.put(part.padding, part.pad_bits);
        packer_.put_bytes(Bytes(parts_.outside).subspan(outside_, part.bytes));
        outside_ += part.bytes;
      } else {
        write_block(part);
        at_ += part.bytes;
      }
    }
    return packer_.finish();
  }

 private:
  void write_block(const Part& part) {
    if (part.begins) packer_.put((part.is_final ? 1U : 0U) | static_cast<std::uint32_t>(part.kind) << 1, 3);
    if (part.kind == PartKind::Stored) {
      packer_.put(part.padding, part.pad_bits);
      packer_.put(part.bytes, 16);
      packer_.put(part.bytes ^ 0xFFFF, 16);
      packer_.put_bytes(plain_.subspan(at_, part.bytes));
      return;
    }
    if (part.kind == PartKind::Dynamic) {
      const CodeHeader& header = parts_.headers[header_++];
      if (part.begins) write_header(header);
      assign_words(header.literal_lengths, literals_);
      assign_words(header.distance_lengths, distances_);
    } else {
      assign_words(fixed_literal_lengths(), literals_);
      assign_words(fixed_distance_lengths(), distances_);
    }
    write_tokens(part);
    if (part.ends) write_word(literals_[kEndOfBlock]);
  }

  void write_header(const CodeHeader& header) {
    packer_.put(static_cast<std::uint32_t>(header.literals - kFewestLiteralSymbols), 5);
    packer_.put(static_cast<std::uint32_t>(header.distances - 1), 5);
    packer_.put(static_cast<std::uint32_t>(header.lengths - kFewestLengthSymbols), 4);
    for (std::size_t i = 0; i < header.lengths; ++i) {
      const std::uint8_t length = header.length_lengths[kLengthOrder[i]];
      if (length > kLongestLengthCode) throw Error(ErrorCode::Corrupt, "a recipe has a code length that cannot be");
      packer_.put(length, 3);
    }
    std::array<CodeWord, kLengthSymbols> words{};
    assign_words(header.length_lengths, words);
    for (const LengthItem& item : header.items) {
      write_word(words[item.symbol]);
      packer_.put(item.extra, extra_bits_of(item.symbol));
    }
  }

  void write_tokens(const Part& part) {
    std::size_t at = at_;
    for (std::uint32_t i = 0; i < part.tokens; ++i) {
      const Token token = parts_.tokens[token_++];
      if (token.is_match()) {
        const Symbol length = length_symbol(token);
        write_word(literals_[length.symbol]);
        packer_.put(length.extra, length.extra_bits);
        const Symbol distance = distance_symbol(token.distance());
        write_word(distances_[distance.symbol]);
        packer_.put(distance.extra, distance.extra_bits);
      } else {
        write_word(literals_[std::to_integer<std::size_t>(plain_[at])]);
      }
      at += token.length();
    }
  }

  void write_word(CodeWord word) {
    if (word.length == 0) [[unlikely]]
      throw Error(ErrorCode::Corrupt, "a recipe has a block without a code for its content");
    packer_.put(word.bits, word.length);
  }

  const Parts& parts_;
  Bytes plain_;
  BitPacker packer_;
  std::array<CodeWord, kFixedLiteralSymbols> literals_{};
  std::array<CodeWord, kDistanceSymbols> distances_{};
  std::size_t at_ = 0;
  std::size_t token_ = 0;
  std::size_t header_ = 0;
  std::size_t outside_ = 0;
};

}  // namespace

BitRun write_bits(const Parts& parts, Bytes plain) { return PartWriter(parts, plain).write(); }

}  // namespace ociferry::recipe
