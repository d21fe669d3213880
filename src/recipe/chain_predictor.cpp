#include "recipe/chain_predictor.hpp"

#include <algorithm>

#include "ociferry/error.hpp"
#include "recipe/text_match.hpp"

namespace ociferry::recipe {

namespace {

constexpr unsigned kShortHashBits = 15;
constexpr unsigned kLongHashBits = 17;
/// Of the hash of one more byte, which only finds the same places sooner.
constexpr unsigned kInnerHashBits = 16;
/// Comparisons for each byte of text, on average; real encoders need far fewer. Without effort, no match is found.
constexpr std::uint64_t kEffort = 512;

/// What pigz compresses at a time.
constexpr std::uint32_t kJob = 128 * 1024;

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
    rules.kind = Predictor::Kind::Zlib;
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
      long_heads_(std::size_t{1} << kInnerHashBits),
      places_(kReach),
      steps_(kReach) {
  insert_until(text.begin);
}

/// The hash decides which places a real encoder compares: zlib's of three bytes, Go's of four.
std::uint32_t ChainPredictor::hash(std::uint32_t at) const noexcept {
  const auto word = load<std::uint32_t>(text_.bytes + at);
  if (rules_.shortest == 3) {
    return ((word & 0x1F) << 10 ^ (word >> 8 & 0xFF) << 5 ^ (word >> 16 & 0xFF)) & ((1U << kShortHashBits) - 1);
  }
  const std::uint32_t first_highest = word << 24 | (word & 0xFF00U) << 8 | (word >> 8 & 0xFF00U) | word >> 24;
  return (first_highest * 0x1E35A7BDU) >> (32 - kLongHashBits);
}

std::uint32_t ChainPredictor::long_hash(std::uint32_t at) const noexcept {
  const auto word = load<std::uint64_t>(text_.bytes + at) << (rules_.shortest == 3 ? 32 : 24);
  return static_cast<std::uint32_t>((word * 0x9E3779B97F4A7C15U) >> (64 - kInnerHashBits));
}

void ChainPredictor::insert(std::uint32_t at) noexcept {
  if (at + rules_.shortest > text_.end) return;
  Place& place = places_.data()[at % kReach];
  std::uint32_t& head = heads_.data()[hash(at)];
  const std::uint32_t step = at + 1 - head;
  if (head != 0 && step <= kReach) {
    // At a step of kReach, both are the same place: read before it is written.
    place.number = static_cast<std::uint16_t>(places_.data()[(head - 1) % kReach].number + 1);
    steps_.data()[at % kReach] = static_cast<std::uint16_t>(step);
  } else {
    place.number = 0;
    steps_.data()[at % kReach] = 0;
  }
  head = at + 1;
  std::uint32_t& long_head = long_heads_.data()[long_hash(at)];
  const std::uint32_t long_step = at + 1 - long_head;
  place.long_step = static_cast<std::uint16_t>(long_head != 0 && long_step <= kReach ? long_step : 0);
  long_head = at + 1;
}

void ChainPredictor::insert_until(std::uint32_t end) noexcept {
  for (; inserted_ < end; ++inserted_) insert(inserted_);
}

bool ChainPredictor::spend_effort() noexcept {
  if (effort_ == 0) return false;
  --effort_;
  return true;
}

ChainPredictor::Match ChainPredictor::search_long(Search& search) {
  Match match;
  const std::uint32_t long_head = long_heads_.data()[long_hash(search.at)];
  if (long_head == 0 || search.best >= search.limit) return match;
  const std::byte* here = text_.bytes + search.at;
  const std::uint32_t nice = std::min(rules_.nice, search.limit);
  const Place* places = places_.data();
  const std::uint32_t head_number = places[search.head % kReach].number;
  const auto first = load<std::uint32_t>(here);
  std::uint32_t best = search.best;
  auto end = load<std::uint32_t>(here + best - 3);
  std::uint64_t effort = effort_;
  for (std::uint32_t at = long_head - 1; effort > 0; --effort) {
    if (at < search.lowest && at != search.head) break;
    const std::byte* there = text_.bytes + at;
    const Place& there_place = places[at % kReach];
    // Does an encoder, which follows the other chain, get so far? If it is in that chain.
    const bool is_beyond = ((head_number - there_place.number) & 0xFFFFU) >= search.chain;
    if (is_beyond && load<std::uint32_t>(there) == first) break;
    if (!is_beyond && load<std::uint32_t>(there + best - 3) == end) {
      const std::uint32_t length = common_prefix(there, here, search.limit);
      if (length > best) {
        best = length;
        match = {length, search.at - at};
        if (length >= nice) break;
        end = load<std::uint32_t>(here + best - 3);
      }
    }
    const std::uint32_t step = there_place.long_step;
    if (step == 0 || at < step) break;
    at -= step;
  }
  effort_ = effort;
  search.best = best;
  return match;
}

ChainPredictor::Match ChainPredictor::search_short(const Search& search) {
  const auto mask = rules_.shortest == 3 ? 0xFFFFFFU : 0xFFFFFFFFU;
  const std::uint32_t wanted = load<std::uint32_t>(text_.bytes + search.at) & mask;
  std::uint32_t at = search.head;
  for (std::uint32_t chain = search.chain; chain > 0 && spend_effort(); --chain) {
    if (search.at - at > rules_.near) return {};
    if ((load<std::uint32_t>(text_.bytes + at) & mask) == wanted) return {rules_.shortest, search.at - at};
    const std::uint32_t step = steps_.data()[at % kReach];
    if (step == 0 || at < search.lowest + step) return {};
    at -= step;
  }
  return {};
}

ChainPredictor::Match ChainPredictor::search(std::uint32_t at, std::uint32_t than) {
  if (at + rules_.shortest > bounds_.input) return {};
  insert_until(at);
  const std::uint32_t head = heads_.data()[hash(at)];
  const std::uint32_t first = member_ + (rules_.first_byte ? 0U : 1U);
  if (head == 0 || at + 1 - head > rules_.first_reach || head - 1 < first) return {};
  Search search{.at = at,
                .limit = std::min(kLongestMatch, bounds_.input - at),
                .lowest = std::max(first, at > rules_.reach ? at - rules_.reach : 0),
                .chain = rules_.good != 0 && than >= rules_.good ? rules_.chain / 4 : rules_.chain,
                .head = head - 1,
                .best = std::max(than, rules_.shortest)};
  const Match match = search_long(search);
  return match.length != 0 || than >= rules_.shortest ? match : search_short(search);
}

void ChainPredictor::learn_anew(std::uint32_t at) {
  std::ranges::fill(heads_, 0U);
  std::ranges::fill(long_heads_, 0U);
  inserted_ = at > kReach ? at - kReach : 0;
  insert_until(at);
}

void ChainPredictor::begin_block(const Bounds& bounds, std::uint32_t at) {
  if (bounds_.input == at) {
    known_at_ = ~0U;
    // A job of pigz begins with all of the history in chains.
    const bool new_job = at > text_.begin && (at - text_.begin) % kJob == 0;
    if (new_job && rules_.kind == Predictor::Kind::Zlib && rules_.lazy == 0) learn_anew(at);
  }
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
