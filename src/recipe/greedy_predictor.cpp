#include "recipe/greedy_predictor.hpp"

#include <algorithm>

#include "recipe/chain_hash.hpp"

namespace ociferry::recipe {

namespace {

/// Comparisons for each byte of text, on average; real encoders need far fewer. Without effort, no match is found.
constexpr std::uint64_t kGreedyEffort = 512;
/// What pigz compresses at a time.
constexpr std::uint32_t kJob = 128 * 1024;

}  // namespace

template <ChainHash Hash>
GreedyPredictor<Hash>::GreedyPredictor(const ChainRules& rules, const Text& text)
    : rules_(rules),
      text_(text),
      effort_(kGreedyEffort * (text.end + 1)),
      heads_(std::size_t{1} << kChainHashBits<Hash>),
      steps_(kReach) {
  insert_until(text.begin);
}

template <ChainHash Hash>
void GreedyPredictor<Hash>::insert_until(std::uint32_t end) noexcept {
  std::uint32_t* const heads = heads_.data();
  std::uint16_t* const steps = steps_.data();
  for (std::uint32_t at = inserted_; at < end; ++at) {
    std::uint32_t& head = heads[chain_hash<Hash>(text_.bytes + at)];
    const std::uint32_t step = at + 1 - head;
    steps[at % kReach] = static_cast<std::uint16_t>(head != 0 && step <= kReach ? step : 0);
    head = at + 1;
  }
  inserted_ = std::max(inserted_, end);
}

template <ChainHash Hash>
void GreedyPredictor<Hash>::learn_anew(std::uint32_t at) {
  std::ranges::fill(heads_, 0U);
  inserted_ = at > kReach ? at - kReach : 0;
  insert_until(at);
}

template <ChainHash Hash>
void GreedyPredictor<Hash>::begin_block(const Bounds& bounds, std::uint32_t at) {
  // A job of pigz begins with all of the history in chains.
  const bool new_job = bounds_.input == at && at > text_.begin && (at - text_.begin) % kJob == 0;
  if (new_job && rules_.kind == Predictor::Kind::Zlib) learn_anew(at);
  bounds_ = bounds;
}

template <ChainHash Hash>
Token GreedyPredictor<Hash>::foresee(std::uint32_t at) {
  if (at + rules_.shortest > bounds_.input) return Token::literal();
  insert_until(at);
  const std::uint32_t head = heads_.data()[chain_hash<Hash>(text_.bytes + at)];
  const std::uint32_t first = member_ + (rules_.first_byte ? 0U : 1U);
  if (head == 0 || at + 1 - head > rules_.first_reach || head - 1 < first) return Token::literal();
  return search(at, head - 1);
}

template <ChainHash Hash>
Token GreedyPredictor<Hash>::search(std::uint32_t at, std::uint32_t place) {
  const std::byte* const here = text_.bytes + at;
  const std::uint16_t* const steps = steps_.data();
  const std::uint32_t limit = std::min(kLongestMatch, bounds_.input - at);
  const std::uint32_t nice = std::min(rules_.nice, limit);
  const std::uint32_t first = member_ + (rules_.first_byte ? 0U : 1U);
  const std::uint32_t lowest = std::max(first, at > rules_.reach ? at - rules_.reach : 0);
  std::uint32_t best = rules_.shortest - 1;
  std::uint32_t distance = 0;
  std::uint64_t effort = effort_;
  for (std::uint32_t chain = rules_.chain; chain > 0 && effort > 0; --chain, --effort) {
    const std::byte* const there = text_.bytes + place;
    if (there[best] == here[best]) {
      const std::uint32_t length = common_prefix(there, here, limit);
      if (length > best && (length > rules_.shortest || at - place <= rules_.near)) {
        best = length;
        distance = at - place;
        if (length >= nice) break;
      }
    }
    const std::uint32_t step = steps[place % kReach];
    if (step == 0 || place < lowest + step) break;
    place -= step;
  }
  effort_ = effort;
  const std::uint32_t length = std::min(best, bounds_.block - at);
  return distance == 0 || length < kShortestMatch ? Token::literal() : Token::match(length, distance);
}

template <ChainHash Hash>
void GreedyPredictor<Hash>::take(std::uint32_t at, Token token) {
  if (token.length() <= rules_.inserted) return;
  insert_until(at + 1);
  inserted_ = at + token.length();
}

template class GreedyPredictor<ChainHash::Zlib>;
template class GreedyPredictor<ChainHash::Go>;

}  // namespace ociferry::recipe
