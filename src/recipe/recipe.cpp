#include <algorithm>
#include <functional>

#include "ociferry/error.hpp"
#include "recipe/gzip_recipe.hpp"
#include "recipe/piece_codec.hpp"
#include "recipe/write_bits.hpp"

namespace ociferry {

namespace {

constexpr std::byte kRecipeVersion{1};
constexpr std::size_t kRecipeHead = 3;

/// The text that both directions work on, in memory of its own.
class OwnText {
 public:
  OwnText(Bytes plain, Bytes history) {
    if (history.size() > kPieceHistory) history = history.last(kPieceHistory);
    bytes_.reserve(history.size() + plain.size() + recipe::kTextPadding);
    bytes_.insert(bytes_.end(), history.begin(), history.end());
    bytes_.insert(bytes_.end(), plain.begin(), plain.end());
    text_ = {nullptr, static_cast<std::uint32_t>(history.size()), static_cast<std::uint32_t>(bytes_.size())};
    bytes_.resize(bytes_.size() + recipe::kTextPadding);
    text_.bytes = bytes_.data();
  }
  [[nodiscard]] const recipe::Text& text() const noexcept { return text_; }

 private:
  std::vector<std::byte> bytes_;
  recipe::Text text_;
};

}  // namespace

recipe::SymbolCounts recipe::count_symbols(std::span<const Token> tokens, const std::byte* at) {
  // Without a branch that depends on what a token is: distances of literals are counted, and left out. Two counts of
  // each symbol are used in turn: where a symbol follows itself, its count is not waited for.
  std::array<std::array<std::uint32_t, kFronts>, 2> fronts{};
  std::array<std::array<std::uint32_t, kDistanceSymbols>, 2> distances{};
  std::uint32_t literals = 0;
  std::size_t turn = 0;
  for (const Token token : tokens) {
    ++fronts.data()[turn].data()[front_of(token, *at)];
    ++distances.data()[turn].data()[distance_symbol(token.distance() + token.literals()).symbol];
    literals += token.literals();
    at += token.length();
    turn ^= 1U;
  }
  std::ranges::transform(fronts[0], fronts[1], fronts[0].begin(), std::plus<>());
  std::ranges::transform(distances[0], distances[1], distances[0].begin(), std::plus<>());
  distances[0][0] -= literals;
  SymbolCounts counts;
  std::copy_n(fronts[0].begin(), 256, counts.literals.begin());
  counts.literals[kEndOfBlock] = 1;
  for (std::uint32_t length = kShortestMatch; length <= kLongestMatch; ++length) {
    counts.literals[length_symbol(Token::match(length, 1)).symbol] += fronts[0][kLengthFront + length];
  }
  counts.literals[length_symbol(Token::odd_match(1)).symbol] += fronts[0].back();
  counts.distances = distances[0];
  return counts;
}

std::vector<std::byte> recipe_of(const GzipPiece& piece, Bytes history, const Predictor& predictor) {
  const OwnText own(piece.plain, history);
  std::vector<std::byte> out = {kRecipeVersion, static_cast<std::byte>(predictor.kind),
                                static_cast<std::byte>(predictor.level)};
  recipe::RangeEncoder encoder(out);
  const auto tokens = recipe::make_predictor(predictor, own.text());
  recipe::Parts parts = piece.parts;
  recipe::PieceCodec<recipe::RangeEncoder>(encoder, own.text(), *tokens, parts).code();
  encoder.finish();
  return out;
}

BitRun rebuilt(Bytes bytes, Bytes plain, Bytes history) {
  if (plain.size() > kPieceBytes) throw Error(ErrorCode::Corrupt, "a recipe is for more bytes than a piece has");
  if (bytes.size() < kRecipeHead) throw Error(ErrorCode::Corrupt, "a recipe ends early");
  if (bytes[0] != kRecipeVersion) {
    throw Error(ErrorCode::Hostile, "a recipe needs a newer ociferry").hint("use the release that wrote it");
  }
  const Predictor predictor{static_cast<Predictor::Kind>(bytes[1]), std::to_integer<std::uint8_t>(bytes[2])};
  const OwnText own(plain, history);
  recipe::RangeDecoder decoder(bytes.subspan(kRecipeHead));
  const auto tokens = recipe::make_predictor(predictor, own.text());
  recipe::Parts parts;
  recipe::PieceCodec<recipe::RangeDecoder>(decoder, own.text(), *tokens, parts).code();
  decoder.finish();
  return recipe::write_bits(parts, plain);
}

}  // namespace ociferry
