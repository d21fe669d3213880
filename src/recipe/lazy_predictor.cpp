#include "recipe/lazy_predictor.hpp"

#include <algorithm>

#include "recipe/chain_hash.hpp"

namespace ociferry::recipe {

namespace {

/// Of the inner chains, which only find the same places sooner.
constexpr unsigned kInnerHashBits = 16;
/// Steps along the inner chains for each byte of text, on average; real encoders need far fewer. Without effort, no
/// match is found.
constexpr std::uint64_t kEffort = 512;
/// How many places are remembered: those in reach, and those that are inserted in advance.
constexpr std::uint32_t kPlaces = 65536;
constexpr std::uint32_t kBatch = 2048;
constexpr std::uint32_t kForgetInterval = 16384;
/// A step of a search looks so far behind its place.
constexpr std::uint32_t kAhead = kLongestMatch + 8;

/// A search looks at times whether its place is still one that the encoder compares, which only a place in the inner
/// chain of the search's own place tells. If it has met none for so long, it goes back to that chain.
constexpr std::uint32_t kMostLost = 16;
constexpr std::uint32_t kLookInterval = kMostLost + 4;
/// The inner chains of so many pieces of a match are compared, and of one more.
constexpr std::uint32_t kMostOffsets = 16;

static_assert(kReach + kBatch + kAhead <= kPlaces);

template <unsigned Bytes>
std::uint32_t inner_hash(const std::byte* at) noexcept {
  const auto word = load<std::uint64_t>(at) << (64 - 8 * Bytes);
  return static_cast<std::uint32_t>((word * 0x9E3779B97F4A7C15U) >> (64 - kInnerHashBits));
}

}  // namespace

LazyPredictor::LazyPredictor(const ChainRules& rules, const Text& text)
    : rules_(rules),
      text_(text),
      effort_(kEffort * (text.end + 1)),
      heads_(std::size_t{1} << (rules.hash == ChainHash::Zlib ? kChainHashBits<ChainHash::Zlib>
                                                              : kChainHashBits<ChainHash::Go>)),
      inner_heads_(std::size_t{1} << kInnerHashBits),
      places_(kPlaces),
      steps_(kPlaces) {
  if (rules.by_gain) gains_ = std::make_unique<MatchGains>();
  if (gains_) gains_->begin(text.begin);
}

/// Heads are positions modulo 2^16: those that are out of reach are replaced before they could seem to be near again.
void LazyPredictor::forget_far(std::vector<std::uint16_t>& heads) const noexcept {
  using Eight = std::uint16_t __attribute__((vector_size(16)));
  const auto now = static_cast<std::uint16_t>(inserted_);
  const auto far = static_cast<std::uint16_t>(inserted_ - kReach - 1);
  for (std::size_t at = 0; at < heads.size(); at += 8) {
    Eight some;
    std::memcpy(&some, heads.data() + at, sizeof some);
    const auto is_far = reinterpret_cast<Eight>((now - some - 1) >= static_cast<std::uint16_t>(kReach));
    some = (some & ~is_far) | (is_far & far);
    std::memcpy(heads.data() + at, &some, sizeof some);
  }
}

template <ChainHash Hash>
void LazyPredictor::insert_batch(std::uint32_t end) noexcept {
  std::uint16_t* const heads = heads_.data();
  std::uint16_t* const inner_heads = inner_heads_.data();
  Place* const places = places_.data();
  std::uint16_t* const steps = steps_.data();
  const auto step_from = [](std::uint32_t head, std::uint32_t at) {
    const std::uint32_t step = (at - head) & 0xFFFFU;
    return step <= kReach ? step : 0U;
  };
  for (std::uint32_t at = inserted_; at < end; ++at) {
    const std::byte* here = text_.bytes + at;
    std::uint16_t& head = heads[chain_hash<Hash>(here)];
    std::uint16_t& inner_head = inner_heads[inner_hash < Hash == ChainHash::Zlib ? 4 : 5 > (here)];
    const std::uint32_t step = step_from(head, at);
    const std::uint32_t inner_step = step_from(inner_head, at);
    head = static_cast<std::uint16_t>(at);
    inner_head = static_cast<std::uint16_t>(at);
    steps[at % kPlaces] = static_cast<std::uint16_t>(step);
    const std::uint32_t number = step == 0 ? 0U : places[(at - step) % kPlaces].number + 1U;
    places[at % kPlaces] = {static_cast<std::uint16_t>(number), static_cast<std::uint16_t>(inner_step)};
  }
  inserted_ = end;
}

void LazyPredictor::insert_until(std::uint32_t end) noexcept {
  while (inserted_ < end) {
    if (inserted_ % kForgetInterval == 0) {
      forget_far(heads_);
      forget_far(inner_heads_);
    }
    const std::uint32_t batch =
        std::min({inserted_ + kBatch, text_.end, (inserted_ / kForgetInterval + 1) * kForgetInterval});
    switch (rules_.hash) {
      case ChainHash::Zlib: insert_batch<ChainHash::Zlib>(batch); break;
      case ChainHash::Go: insert_batch<ChainHash::Go>(batch); break;
      case ChainHash::Klauspost: insert_batch<ChainHash::Klauspost>(batch); break;
    }
  }
}

LazyPredictor::Leap LazyPredictor::longest_leap(std::uint32_t place, std::uint32_t last) const noexcept {
  const Place* const places = places_.data();
  Leap leap;
  for (std::uint32_t offset = last > kMostOffsets ? last - kMostOffsets : 0; offset <= last; ++offset) {
    const std::uint32_t step = places[(place + offset) % kPlaces].inner_step;
    if (step == 0) return {};
    if (step > leap.step) leap = {step, offset};
  }
  return leap;
}

LazyPredictor::Leap LazyPredictor::leap_behind(const Search& search, std::uint32_t length,
                                               std::uint32_t& place) const noexcept {
  const std::uint32_t piece = rules_.shortest + 1;
  const Leap leap = longest_leap(place, length - piece);
  const std::uint32_t next = length + 1 - piece;
  const std::uint32_t step = places_.data()[(search.at + next) % kPlaces].inner_step;
  if (leap.step == 0 || step == 0) return {};
  // Which of the two gets to the lowest place in fewer steps, if all are as long?
  if (step * (place - search.lowest) <= leap.step * (search.at - search.lowest)) return leap;
  place = search.at;
  return {step, next};
}

bool LazyPredictor::is_beyond(const Search& search, std::uint32_t place) const noexcept {
  const Place* const places = places_.data();
  return ((places[search.head % kPlaces].number - places[place % kPlaces].number) & 0xFFFFU) >= search.chain;
}

/// A longer match has more bytes in common than the longest so far has, and all pieces of those. The inner chain of any
/// piece leads to all such matches: that with the longest step is followed.
LazyPredictor::Match LazyPredictor::search_long(const Search& search) {
  const std::byte* const here = text_.bytes + search.at;
  const Place* const places = places_.data();
  const std::uint32_t piece = rules_.shortest + 1;
  const unsigned unused_bits = 64 - 8 * piece;
  const std::uint64_t first = load<std::uint64_t>(here) << unused_bits;
  const std::uint32_t nice = std::min(rules_.nice, search.limit);
  Match match;
  std::uint32_t best = search.best;
  auto end = load<std::uint32_t>(here + best - 3);
  std::uint32_t place = search.at;
  std::uint32_t in_chain = place;  // in the inner chain of the search's place
  std::uint32_t until_look = kLookInterval;
  Leap leap = longest_leap(place, best + 1 - piece);
  std::uint64_t effort = effort_;
  for (; leap.step != 0 && place >= search.lowest + leap.step && effort > 0; --effort) {
    place -= leap.step;
    const std::byte* const there = text_.bytes + place;
    const bool may_be_longer = load<std::uint32_t>(there + best - 3) == end;
    if (const std::uint32_t length = may_be_longer ? common_prefix(there, here, search.limit) : 0; length > best) {
      if (is_beyond(search, place)) break;
      if (by_gain_ && !is_gain(search, length, search.at - place)) {
        leap.step = places[(place + leap.offset) % kPlaces].inner_step;
        continue;
      }
      best = length;
      match = {length, search.at - place};
      if (length >= nice) break;
      end = load<std::uint32_t>(here + best - 3);
      in_chain = place;
      until_look = kLookInterval;
      leap = leap_behind(search, best, place);
      continue;
    }
    if (until_look > kMostLost) {
      --until_look;
    } else if (load<std::uint64_t>(there) << unused_bits == first) {
      if (is_beyond(search, place)) break;
      in_chain = place;
      until_look = kLookInterval;
    } else if (until_look > 0 && --until_look == 0) {
      place = in_chain;
      leap.offset = 0;
    }
    leap.step = places[(place + leap.offset) % kPlaces].inner_step;
  }
  effort_ = effort;
  return match;
}

std::uint32_t LazyPredictor::last_like(std::uint32_t at, std::uint32_t most) const noexcept {
  std::uint32_t place = at;
  do {
    const std::uint32_t step = steps_.data()[place % kPlaces];
    if (step == 0) return at;
    place -= step;
  } while (place > most);
  return place;
}

LazyPredictor::Match LazyPredictor::search_short(const Search& search) {
  const auto mask = rules_.shortest == 3 ? 0xFFFFFFU : 0xFFFFFFFFU;
  const std::uint32_t wanted = load<std::uint32_t>(text_.bytes + search.at) & mask;
  std::uint32_t at = search.head;
  for (std::uint32_t chain = search.chain; chain > 0 && effort_ > 0; --chain, --effort_) {
    if (search.at - at > rules_.near) return {};
    if ((load<std::uint32_t>(text_.bytes + at) & mask) == wanted) return {rules_.shortest, search.at - at};
    const std::uint32_t step = steps_.data()[at % kPlaces];
    if (step == 0 || at < search.lowest + step) return {};
    at -= step;
  }
  return {};
}

LazyPredictor::Match LazyPredictor::search(std::uint32_t at, std::uint32_t than) {
  if (at + rules_.shortest > bounds_.input) return {};
  insert_until(std::min(at + kAhead, text_.end));
  if (gains_ != nullptr) gains_->look_at(text_, at, bounds_.input);
  const std::uint32_t step = steps_.data()[at % kPlaces];
  const std::uint32_t first = member_ + (rules_.first_byte ? 0U : 1U);
  if (step == 0 || step > rules_.first_reach || at < first + step) return {};
  const std::uint32_t head = at - step;
  const Search search{.at = at,
                      .limit = std::min(kLongestMatch, bounds_.input - at),
                      .lowest = std::min(head, std::max(first, at > rules_.reach ? at - rules_.reach : 0)),
                      .chain = rules_.good != 0 && than >= rules_.good ? rules_.chain / 4 : rules_.chain,
                      .head = head,
                      .best = std::max(than, rules_.shortest)};
  Match match;
  if (search.best < search.limit) match = search_long(search);
  if (gains_ != nullptr && (match.length != 0 || than < rules_.shortest)) {
    return search_gain(search, than, match.length != 0);
  }
  return match.length != 0 || than >= rules_.shortest ? match : search_short(search);
}

bool LazyPredictor::is_gain(const Search& search, std::uint32_t length, std::uint32_t distance) {
  const int gain = gains_->gain_of(text_.bytes + search.at, length, distance);
  if (gain <= gain_ || (distance > short_distance_ && gain <= short_gain_)) return false;
  gain_ = gain;
  return true;
}

/// A match has to gain more than those that were found before it, among them one of the shortest.
LazyPredictor::Match LazyPredictor::search_gain(Search search, std::uint32_t than, bool has_longer) {
  search.best = rules_.shortest;
  const std::byte* const here = text_.bytes + search.at;
  Match shortest = search_short(search);
  short_gain_ = 0;
  short_distance_ = shortest.distance;
  if (shortest.length != 0 && common_prefix(here - shortest.distance, here, shortest.length + 1) == shortest.length) {
    short_gain_ = std::max(0, gains_->gain_of(here, shortest.length, shortest.distance));
  }
  if (short_gain_ == 0) shortest = {};
  gain_ = 0;
  Match match;
  by_gain_ = true;
  if (has_longer) match = search_long(search);
  by_gain_ = false;
  if (match.length == 0) match = shortest;
  return match.length > than ? match : Match{};
}

void LazyPredictor::begin_member(std::uint32_t at) {
  member_ = at;
  if (gains_) gains_->begin(at);
}

void LazyPredictor::begin_block(const Bounds& bounds, std::uint32_t at) {
  if (bounds_.input == at) known_at_ = ~0U;
  bounds_ = bounds;
}

Token LazyPredictor::foresee(std::uint32_t at) {
  if (known_at_ != at) known_ = search(at, 0);
  known_at_ = at;
  waited_ = false;
  if (known_.length == 0) return Token::literal();
  if (known_.length < rules_.lazy) {
    later_ = search(at + 1, known_.length);
    waited_ = true;
    if (later_.length > known_.length) return Token::literal();
  }
  return token_of(known_, at);
}

Token LazyPredictor::token_of(const Match& match, std::uint32_t at) const noexcept {
  const std::uint32_t length = std::min(match.length, bounds_.block - at);
  return length < kShortestMatch ? Token::literal() : Token::match(length, match.distance);
}

void LazyPredictor::take(std::uint32_t at, Token token) {
  const bool goes_on = !token.is_match() && waited_ && known_at_ == at && later_.length > known_.length;
  known_at_ = goes_on ? at + 1 : ~0U;
  if (goes_on) known_ = later_;
}

void LazyPredictor::pass(std::uint32_t /*at*/, std::uint32_t /*bytes*/) { known_at_ = ~0U; }

}  // namespace ociferry::recipe
