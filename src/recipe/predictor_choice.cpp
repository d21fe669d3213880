#include "recipe/predictor_choice.hpp"

namespace ociferry {

namespace {

/// The number of tokens that characterise the encoder: matches, except for those that repeat the previous one, as in
/// zeros.
std::size_t telling_tokens(const GzipPiece& piece) {
  std::size_t matches = 0;
  recipe::Token last;
  for (const recipe::Token token : piece.parts.tokens) {
    if (token.is_match() && token != last) ++matches;
    last = token;
  }
  return matches;
}

}  // namespace

Predictor PredictorChoice::next(const GzipPiece& piece, Bytes history) {
  constexpr std::size_t kEnough = 4096;
  constexpr std::size_t kFarMore = 8;
  if (has_chosen_ && told_ >= kEnough) return predictor_;
  const std::size_t told = telling_tokens(piece);
  if (has_chosen_ && told <= kFarMore * told_) return predictor_;
  predictor_ = choose_predictor(piece, history);
  has_chosen_ = true;
  told_ = told;
  return predictor_;
}

}  // namespace ociferry
