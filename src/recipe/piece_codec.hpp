#pragma once

#include <array>

#include "recipe/header_codec.hpp"
#include "recipe/token_codec.hpp"
#include "recipe/token_predictor.hpp"

namespace ociferry::recipe {

/// How often the symbols of `tokens` occur, which stand for the text from `at` on.
[[nodiscard]] SymbolCounts count_symbols(std::span<const Token> tokens, const std::byte* at);

/// Codes all of a piece but its unpacked bytes; a decoder fills `parts`.
template <typename Coder>
class PieceCodec {
 public:
  PieceCodec(Coder& coder, const Text& text, TokenPredictor& predictor, Parts& parts)
      : coder_(coder),
        text_(text),
        predictor_(predictor),
        parts_(parts),
        tokens_(coder, text),
        headers_(coder),
        at_(text.begin) {}

  /// Throws Error (Corrupt) if a decoder finds what cannot be, or not all of the text.
  void code() {
    const std::uint32_t count = numbers_[kParts].code(coder_, static_cast<std::uint32_t>(parts_.parts.size()));
    if (count > kMostParts) throw_impossible();
    parts_.parts.resize(count);
    for (std::size_t i = 0; i < parts_.parts.size(); ++i) code_part(i);
    if (at_ != text_.end) throw_impossible();
  }

 private:
  enum Number : std::uint8_t { kParts, kStored, kOutside, kTokens, kMore, kNumbers };
  enum Flag : std::uint8_t { kFinal, kBegins, kEnds, kStops, kSameTokens, kSameBytes, kPadded, kFlags };

  [[noreturn]] static void throw_impossible() {
    throw Error(ErrorCode::Corrupt, "a recipe has a block that cannot be");
  }

  bool flag(Flag which, PartKind kind, bool value) {
    return coder_.bit(flags_[which][static_cast<std::size_t>(kind)], value);
  }

  void code_part(std::size_t index) {
    Part& part = parts_.parts[index];
    part.kind = static_cast<PartKind>(kinds_[last_kind_].code(coder_, static_cast<std::uint32_t>(part.kind)));
    last_kind_ = static_cast<std::size_t>(part.kind);
    if (part.kind == PartKind::Outside) return code_outside(part);
    part.is_final = flag(kFinal, part.kind, part.is_final);
    if (part.kind == PartKind::Stored) return code_stored(part);
    part.begins = !flag(kBegins, part.kind, !part.begins);
    part.ends = !flag(kEnds, part.kind, !part.ends);
    code_sizes(part);
    const bool stops = flag(kStops, part.kind, !Coder::kDecodes && encoder_stops(index));
    code_block(part, stops);
  }

  /// Whether the encoder knew nothing of what is behind the block.
  [[nodiscard]] bool encoder_stops(std::size_t index) const {
    constexpr std::uint32_t kUsualJob = 128 * 1024;
    const Part& part = parts_.parts[index];
    if (part.is_final) return true;
    if (index + 1 < parts_.parts.size()) {
      const Part& next = parts_.parts[index + 1];
      if (next.kind != PartKind::Outside && next.bytes == 0) return true;
    }
    return part.ends && (at_ + part.bytes - text_.begin) % kUsualJob == 0;
  }

  void code_padding(Part& part) {
    part.pad_bits = static_cast<std::uint8_t>(coder_.raw(part.pad_bits, 3));
    if (!flag(kPadded, part.kind, part.padding != 0)) return;
    part.padding = static_cast<std::uint8_t>(coder_.raw(part.padding, part.pad_bits));
  }

  void code_outside(Part& part) {
    code_padding(part);
    part.bytes = numbers_[kOutside].code(coder_, part.bytes);
    if (Coder::kDecodes && part.bytes > kMostOutside - outside_) throw_impossible();
    if (Coder::kDecodes) parts_.outside.resize(outside_ + part.bytes);
    for (std::uint32_t i = 0; i < part.bytes; ++i, ++outside_) {
      std::byte& byte = parts_.outside[outside_];
      byte = static_cast<std::byte>(outside_bytes_.code(coder_, std::to_integer<std::uint32_t>(byte)));
    }
    member_ = at_;
    predictor_.begin_member(at_);
  }

  void code_stored(Part& part) {
    code_padding(part);
    part.bytes = numbers_[kStored].code(coder_, part.bytes);
    if (part.bytes > text_.end - at_ || part.bytes > 65535) throw_impossible();
    predictor_.pass(at_, part.bytes);
    at_ += part.bytes;
  }

  void code_sizes(Part& part) {
    if (flag(kSameTokens, part.kind, part.tokens == last_tokens_)) {
      part.tokens = last_tokens_;
    } else {
      part.tokens = numbers_[kTokens].code(coder_, part.tokens);
    }
    if (flag(kSameBytes, part.kind, part.bytes == last_bytes_)) {
      part.bytes = last_bytes_;
    } else {
      part.bytes = part.tokens + numbers_[kMore].code(coder_, part.bytes - part.tokens);
    }
    if (part.bytes > text_.end - at_ || part.tokens > part.bytes) throw_impossible();
    last_tokens_ = part.tokens;
    last_bytes_ = part.bytes;
  }

  void code_block(const Part& part, bool stops) {
    const std::uint32_t begin = at_;
    const std::size_t first = token_;
    const Bounds bounds{member_, at_ + part.bytes, stops ? at_ + part.bytes : text_.end, part.tokens == part.bytes};
    predictor_.begin_block(bounds, at_);
    if (Coder::kDecodes) parts_.tokens.resize(first + part.tokens);
    for (std::uint32_t left = part.tokens; left > 0; --left, ++token_) {
      Token& here = parts_.tokens.data()[token_];
      const Token actual = Coder::kDecodes ? Token{} : here;
      // A match behind the block is none that can be; it would not be coded.
      if (at_ >= bounds.block) throw_impossible();
      const Token token = tokens_.code(at_, bounds, predictor_.foresee(at_), actual);
      if (token.length() > bounds.block - at_) throw_impossible();
      if (Coder::kDecodes) here = token;
      predictor_.take(at_, token);
      at_ += token.length();
    }
    if (at_ != bounds.block) throw_impossible();
    if (part.kind != PartKind::Dynamic) return;
    if (Coder::kDecodes) parts_.headers.emplace_back();
    const std::span<const Token> tokens(parts_.tokens);
    headers_.code(count_symbols(tokens.subspan(first, token_ - first), text_.bytes + begin), parts_.headers[header_++]);
  }

  Coder& coder_;
  Text text_;
  TokenPredictor& predictor_;
  Parts& parts_;
  TokenCodec<Coder> tokens_;
  HeaderCodec<Coder> headers_;
  std::uint32_t at_;
  std::uint32_t member_ = 0;
  std::size_t token_ = 0;
  std::size_t header_ = 0;
  std::size_t outside_ = 0;
  std::size_t last_kind_ = 0;
  std::uint32_t last_tokens_ = 0;
  std::uint32_t last_bytes_ = 0;
  std::array<TreeModel<2>, 4> kinds_;
  std::array<NumberModel, kNumbers> numbers_;
  std::array<std::array<BitModel, 4>, kFlags> flags_;
  TreeModel<8> outside_bytes_;
};

}  // namespace ociferry::recipe
