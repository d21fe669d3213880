#include "recipe/chain_predictor.hpp"

#include <algorithm>

#include "ociferry/error.hpp"
#include "recipe/text_match.hpp"

namespace ociferry::recipe {

namespace {

constexpr unsigned kShortHashBits = 15;
constexpr unsigned kLongHashBits = 17;
constexpr std::uint32_t kSteps = 32768;
/// Comparisons for each byte of text, on average; real encoders need far fewer. Beyond it, chains are cut.
constexpr std::uint64_t kEffort = 512;
constexpr std::uint32_t kChainWithoutEffort = 4;

struct Level {
  std::uint16_t good, lazy, nice, chain, inserted;
};

// zlib's levels 1 to 9, which are also GNU gzip's and pigz's.
constexpr std::array<Level, 9> kZlibLevels = {{{4, 0, 8, 4, 4},
                                               {4, 0, 16, 8, 5},
                                               {4, 0, 32, 32, 6},
                                               {4, 4, 16, 16, 0},
                                               {8, 16, 32, 32, 0},
                                               {8, 16, 128, 128, 0},
                                               {8, 32, 128, 256, 0},
                                               {32, 128, 258, 1024, 0},
                                               {32, 258, 258, 4096, 0}}};
// Levels 2 to 9 of Go's compress/flate.
constexpr std::array<Level, 8> kGoLevels = {{{0, 0, 16, 8, 5},
                                             {0, 0, 32, 32, 6},
                                             {0, 4, 16, 16, 0},
                                             {0, 16, 32, 32, 0},
                                             {0, 16, 128, 128, 0},
                                             {0, 32, 128, 256, 0},
                                             {0, 128, 258, 1024, 0},
                                             {0, 258, 258, 4096, 0}}};
// Encoders of no known kind.
constexpr std::array<Level, 3> kPlainLevels = {{{0, 0, 258, 8, 258}, {0, 258, 258, 32, 0}, {0, 258, 258, 256, 0}}};

/// Of four bytes, the first in the highest place.
std::uint32_t long_hash(std::uint32_t word) {
  const std::uint32_t first_highest = word << 24 | (word & 0xFF00U) << 8 | (word >> 8 & 0xFF00U) | word >> 24;
  return (first_highest * 0x1E35A7BDU) >> (32 - kLongHashBits);
}

ChainRules rules_of(const Level& level) {
  ChainRules rules;
  rules.good = level.good;
  rules.lazy = level.lazy;
  rules.nice = level.nice;
  rules.chain = level.chain;
  rules.inserted = level.inserted;
  return rules;
}

}  // namespace

ChainRules chain_rules(const Predictor& predictor) {
  const auto level = [&](const auto& levels, std::size_t first) {
    if (predictor.level < first || predictor.level - first >= levels.size()) {
      throw Error(ErrorCode::Hostile, "a recipe needs a newer ociferry").hint("use the release that wrote it");
    }
    return rules_of(levels[predictor.level - first]);
  };
  if (predictor.kind == Predictor::Kind::Zlib) {
    ChainRules rules = level(kZlibLevels, 1);
    rules.first_reach = kReach - 262;
    rules.reach = rules.first_reach - 1;
    if (rules.lazy > 0) rules.near = 4096;
    rules.first_byte = false;
    return rules;
  }
  if (predictor.kind == Predictor::Kind::Go) {
    ChainRules rules = level(kGoLevels, 2);
    rules.shortest = 4;
    rules.near = 4096;
    return rules;
  }
  return level(kPlainLevels, 0);
}

ChainPredictor::ChainPredictor(const ChainRules& rules, const Text& text)
    : rules_(rules),
      text_(text),
      effort_(kEffort * (text.end + 1)),
      heads_(std::size_t{1} << (rules.shortest == 3 ? kShortHashBits : kLongHashBits)),
      steps_(kSteps) {
  insert_until(text.begin);
}

std::uint32_t ChainPredictor::hash(std::uint32_t at) const noexcept {
  const auto word = load<std::uint32_t>(text_.bytes + at);
  if (rules_.shortest == 4) return long_hash(word);
  return ((word & 0x1F) << 10 ^ (word >> 8 & 0xFF) << 5 ^ (word >> 16 & 0xFF)) & ((1U << kShortHashBits) - 1);
}

void ChainPredictor::insert(std::uint32_t at) noexcept {
  if (at + rules_.shortest > text_.end) return;
  std::uint32_t& head = heads_[hash(at)];
  const std::uint32_t step = at + 1 - head;
  steps_[at % kSteps] = static_cast<std::uint16_t>(head != 0 && step <= kReach ? step : 0);
  head = at + 1;
}

void ChainPredictor::insert_until(std::uint32_t end) noexcept {
  for (; inserted_ < end; ++inserted_) insert(inserted_);
}

ChainPredictor::Match ChainPredictor::follow_chain(std::uint32_t at, std::uint32_t place, std::uint32_t than) {
  const std::byte* here = text_.bytes + at;
  const std::uint32_t limit = std::min(kLongestMatch, bounds_.input - at);
  const std::uint32_t nice = std::min(rules_.nice, limit);
  const std::uint32_t first = member_ + (rules_.first_byte ? 0 : 1);
  const std::uint32_t lowest = std::max(first, at > rules_.reach ? at - rules_.reach : 0);
  std::uint32_t chain = rules_.good != 0 && than >= rules_.good ? rules_.chain / 4 : rules_.chain;
  if (effort_ < chain) chain = kChainWithoutEffort;
  const std::uint32_t all = chain;
  std::uint32_t best = std::max(than, rules_.shortest - 1);
  Match match;
  if (best >= limit) return match;
  auto end = load<std::uint16_t>(here + best - 1);
  while (true) {
    const std::byte* there = text_.bytes + place;
    if (load<std::uint16_t>(there + best - 1) == end) {
      const std::uint32_t length = common_prefix(there, here, limit);
      if (length > best && (length > rules_.shortest || at - place <= rules_.near)) {
        best = length;
        match = {length, at - place};
        if (length >= nice) break;
        end = load<std::uint16_t>(here + best - 1);
      }
    }
    const std::uint32_t step = steps_[place % kSteps];
    if (--chain == 0 || step == 0 || place < lowest + step) break;
    place -= step;
  }
  effort_ -= std::min<std::uint64_t>(effort_, all - chain);
  return match;
}

ChainPredictor::Match ChainPredictor::search(std::uint32_t at, std::uint32_t than) {
  if (at + rules_.shortest > bounds_.input) return {};
  insert_until(at);
  const std::uint32_t head = heads_[hash(at)];
  if (head == 0 || at + 1 - head > rules_.first_reach || head - 1 < member_ + (rules_.first_byte ? 0U : 1U)) return {};
  return follow_chain(at, head - 1, than);
}

void ChainPredictor::begin_block(const Bounds& bounds, std::uint32_t at) {
  if (bounds_.input == at) known_at_ = ~0U;
  bounds_ = bounds;
}

Token ChainPredictor::foresee(std::uint32_t at) {
  if (known_at_ != at) known_ = search(at, 0);
  known_at_ = at;
  waited_ = false;
  if (known_.length == 0) return Token::literal();
  if (known_.length < rules_.lazy) {
    insert_until(at + 1);
    later_ = search(at + 1, known_.length);
    waited_ = true;
    if (later_.length > known_.length) return Token::literal();
  }
  const std::uint32_t length = std::min(known_.length, bounds_.block - at);
  return length < kShortestMatch ? Token::literal() : Token::match(length, known_.distance);
}

void ChainPredictor::take(std::uint32_t at, Token token) {
  if (!token.is_match()) {
    const bool goes_on = waited_ && known_at_ == at && later_.length > known_.length;
    known_at_ = goes_on ? at + 1 : ~0U;
    if (goes_on) known_ = later_;
    return;
  }
  known_at_ = ~0U;
  const std::uint32_t end = at + token.length();
  if (rules_.lazy == 0 && token.length() > rules_.inserted) {
    insert_until(at + 1);
    inserted_ = end;
  }
}

void ChainPredictor::pass(std::uint32_t /*at*/, std::uint32_t /*bytes*/) { known_at_ = ~0U; }

}  // namespace ociferry::recipe
