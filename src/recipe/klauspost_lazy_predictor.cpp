#include "recipe/klauspost_lazy_predictor.hpp"

#include <algorithm>

#include "recipe/text_match.hpp"

namespace ociferry::recipe {

void KlauspostLazyPredictor::begin_member(std::uint32_t at) {
  LazyPredictor::begin_member(at);
  literals_ = 0;
  stride_end_ = 0;
}

/// The match at `at`, or a longer one with the last place that has the bytes at its end.
KlauspostLazyPredictor::Match KlauspostLazyPredictor::with_end(const Match& match, std::uint32_t at) const {
  constexpr std::uint32_t kBack = 2;
  constexpr std::uint32_t kBehind = 5;
  if (at + match.length + kBehind >= bounds().input) return match;
  const std::uint32_t end = at + match.length - kBack;
  const std::uint32_t place = last_like(end, at + 1);
  const std::uint32_t lowest = std::max(member(), at + 1 > kReach ? at + 1 - kReach : 0);
  const std::uint32_t back = match.length - kBack;
  if (place == end || place <= lowest + back) return match;
  const std::uint32_t limit = std::min(kLongestMatch, bounds().input - at - 1);
  const std::uint32_t length = common_prefix(text().bytes + (place - back), text().bytes + at, limit);
  return length > match.length ? Match{length, at - (place - back)} : match;
}

Token KlauspostLazyPredictor::foresee(std::uint32_t at) {
  if (at < stride_end_) {
    known_at_ = ~0U;
    waited_ = false;
    return Token::literal();
  }
  const Token token = LazyPredictor::foresee(at);
  return token.is_match() ? token_of(with_end(known_, at), at) : token;
}

void KlauspostLazyPredictor::take(std::uint32_t at, Token token) {
  LazyPredictor::take(at, token);
  if (token.is_match()) {
    literals_ = 0;
    stride_end_ = 0;
    return;
  }
  if (at < stride_end_) return;
  literals_ = (literals_ + 1) & 0xFFFFU;
  if (known_at_ == at + 1) literals_ = 1;
  if (literals_ <= rules().chain) return;
  known_ = search(at + 1, 0);
  known_at_ = at + 1;
  if (known_.length != 0) {
    literals_ = 1;
  } else {
    stride_end_ = at + 3 + ((literals_ - rules().chain) >> 6);
  }
}

}  // namespace ociferry::recipe
