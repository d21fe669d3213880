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
    make_room(sizeof pending_);
    put_in_room(value, count);
  }
  void put_bytes(Bytes bytes) {
    make_room(bytes.size() + sizeof pending_);
    for (const std::byte byte : bytes) put_in_room(std::to_integer<std::uint32_t>(byte), 8);
  }
  /// Makes room for this number of bytes, including the 8 that are written behind the last ones.
  void make_room(std::size_t bytes) {
    if (bytes > bytes_.size() - used_) bytes_.resize(2 * bytes_.size() + bytes + 4096);
  }
  /// `count` is at most 56.
  void put_in_room(std::uint64_t value, unsigned count) {
    pending_ |= value << pending_bits_;
    pending_bits_ += count;
    std::memcpy(bytes_.data() + used_, &pending_, sizeof pending_);
    used_ += pending_bits_ / 8;
    pending_ >>= pending_bits_ & ~7U;
    pending_bits_ &= 7;
  }
  BitRun finish() {
    BitRun run;
    run.bits = std::uint64_t{used_} * 8 + pending_bits_;
    bytes_.resize(used_);
    if (pending_bits_ > 0) bytes_.push_back(static_cast<std::byte>(pending_));
    run.bytes = std::move(bytes_);
    return run;
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t used_ = 0;
  std::uint64_t pending_ = 0;
  unsigned pending_bits_ = 0;  ///< at most 7
};

/// The code of a literal or length, with the extra bits behind it; that of a distance, which has them elsewhere.
struct PackedCode {
  std::uint32_t bits = 0;
  std::uint32_t count = 0;
};
/// In a count: there is no code.
constexpr std::uint32_t kNoCode = 64;

PackedCode packed(CodeWord word, std::uint32_t extra, unsigned extra_bits) {
  if (word.length == 0) return {0, kNoCode};
  return {word.bits | extra << word.length, word.length + extra_bits};
}

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
      at_ += part.bytes;
      return;
    }
    if (part.kind == PartKind::Dynamic) {
      const CodeHeader& header = parts_.headers[header_++];
      if (part.begins) write_header(header);
      use_codes(header.literal_lengths, header.distance_lengths);
    } else if (!are_fixed_) {
      use_codes(fixed_literal_lengths(), fixed_distance_lengths());
    }
    are_fixed_ = part.kind == PartKind::Fixed;
    write_tokens(part.tokens);
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

  void use_codes(std::span<const std::uint8_t> literals, std::span<const std::uint8_t> distances) {
    assign_words(literals, literals_);
    assign_words(distances, distances_);
    for (std::uint32_t byte = 0; byte < 256; ++byte) fronts_[byte] = packed(literals_[byte], 0, 0);
    const auto pack_length = [this](std::uint32_t front, const Symbol& symbol) {
      fronts_[front] = packed(literals_[symbol.symbol], symbol.extra, symbol.extra_bits);
    };
    for (std::uint32_t length = kShortestMatch; length <= kLongestMatch; ++length) {
      pack_length(kLengthFront + length, length_symbol(Token::match(length, 1)));
    }
    pack_length(kFronts - 1, length_symbol(Token::odd_match(1)));
    for (std::size_t symbol = 0; symbol < kDistanceSymbols; ++symbol) backs_[symbol] = packed(distances_[symbol], 0, 0);
    backs_[kDistanceSymbols] = {};  // behind a literal
  }

  void write_tokens(std::size_t count) {
    constexpr std::size_t kTokensAtOnce = 1024;
    constexpr std::size_t kMostTokenBytes = 7;
    while (count > 0) {
      const std::size_t some = std::min(count, kTokensAtOnce);
      packer_.make_room(some * kMostTokenBytes + sizeof(std::uint64_t));
      write_batch(std::span(parts_.tokens).subspan(token_, some));
      token_ += some;
      count -= some;
    }
  }

  /// A token has at most 20 bits in front, and 28 behind them. No branch depends on whether it is a match.
  void write_batch(std::span<const Token> tokens) {
    BitPacker packer = std::move(packer_);
    const std::byte* at = plain_.data() + at_;
    for (const Token token : tokens) {
      const PackedCode front = fronts_.data()[front_of(token, *at)];
      const Symbol distance = distance_symbol(token.distance() + token.literals());
      const PackedCode back = backs_.data()[distance.symbol + kDistanceSymbols * token.literals()];
      if (((front.count | back.count) & kNoCode) != 0) [[unlikely]]
        throw_no_code();
      const std::uint64_t behind = back.bits | std::uint64_t{distance.extra} << back.count;
      packer.put_in_room(front.bits | behind << front.count, front.count + back.count + distance.extra_bits);
      at += token.length();
    }
    at_ = static_cast<std::size_t>(at - plain_.data());
    packer_ = std::move(packer);
  }

  void write_word(CodeWord word) {
    if (word.length == 0) [[unlikely]]
      throw_no_code();
    packer_.put(word.bits, word.length);
  }

  [[noreturn]] static void throw_no_code() {
    throw Error(ErrorCode::Corrupt, "a recipe has a block without a code for its content");
  }

  const Parts& parts_;
  Bytes plain_;
  BitPacker packer_;
  std::array<CodeWord, kFixedLiteralSymbols> literals_{};
  std::array<CodeWord, kDistanceSymbols> distances_{};
  std::array<PackedCode, kFronts> fronts_{};
  std::array<PackedCode, kDistanceSymbols + 1> backs_{};
  bool are_fixed_ = false;  ///< the codes
  std::size_t at_ = 0;
  std::size_t token_ = 0;
  std::size_t header_ = 0;
  std::size_t outside_ = 0;
};

}  // namespace

BitRun write_bits(const Parts& parts, Bytes plain) { return PartWriter(parts, plain).write(); }

}  // namespace ociferry::recipe
