#include "recipe/lazy_predictor.hpp"

#include <algorithm>
#include <limits>

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
/// Heads begin so much above the lowest number that it seems to be out of reach, and go back there by so much.
constexpr std::uint32_t kLeastHead = kReach + 1;
constexpr std::uint32_t kSlide = 30 * 1024;
constexpr std::uint32_t kLowestHead = 1U << 15;  // less 2^16
/// A step of a search looks so far behind its place.
constexpr std::uint32_t kAhead = kLongestMatch + 8;

/// A search looks at times whether its place is still one that the encoder compares, which only a place in the inner
/// chain of the search's own place tells. If it has met none for so long, it goes back to that chain.
constexpr std::uint32_t kMostLost = 16;
constexpr std::uint32_t kLookInterval = kMostLost + 4;
/// The inner chains of the last kMostOffsets + 1 offsets in a match are compared.
constexpr std::uint32_t kMostOffsets = 10;

static_assert(kReach + kBatch + kAhead <= kPlaces && kLeastHead + kSlide <= kPlaces);

template <unsigned Bytes>
std::uint32_t inner_hash(const std::byte* at) noexcept {
  constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15U;
  if constexpr (Bytes == 4) {
    return (load<std::uint32_t>(at) * static_cast<std::uint32_t>(kFactor)) >> (32 - kInnerHashBits);
  } else {
    const auto word = load<std::uint64_t>(at) << (64 - 8 * Bytes);
    return static_cast<std::uint32_t>((word * kFactor) >> (64 - kInnerHashBits));
  }
}

/// Heads by kSlide less; what gets below the lowest number was out of reach.
void slide(std::vector<std::int16_t>& heads) noexcept {
  constexpr auto kLeast = static_cast<std::int16_t>(kSlide + kLowestHead - kPlaces);
  std::int16_t* const head = heads.data();
  // The size is a multiple of 64 anyway; said so, the compiler needs no code for a rest.
  for (std::size_t at = 0, end = heads.size() / 64 * 64; at < end; ++at) {
    head[at] = static_cast<std::int16_t>(std::max(head[at], kLeast) - static_cast<std::int16_t>(kSlide));
  }
}

}  // namespace

template <ChainHash Hash>
LazyPredictor<Hash>::LazyPredictor(const ChainRules& rules, const Text& text)
    : rules_(rules),
      text_(text),
      first_(rules.first_byte ? 0U : 1U),
      effort_(kEffort * (text.end + 1)),
      heads_(std::size_t{1} << kChainHashBits<Hash>, std::numeric_limits<std::int16_t>::min()),
      inner_heads_(std::size_t{1} << kInnerHashBits, std::numeric_limits<std::int16_t>::min()),
      steps_(kPlaces),
      inner_steps_(kPlaces),
      numbers_(kPlaces) {
  if (rules.by_gain) gains_ = std::make_unique<MatchGains>();
  if (gains_) gains_->begin(text.begin);
}

template <ChainHash Hash>
void LazyPredictor<Hash>::insert_batch(std::uint32_t end) noexcept {
  std::int16_t* const heads = heads_.data();
  std::int16_t* const inner_heads = inner_heads_.data();
  std::uint16_t* const numbers = numbers_.data();
  std::uint16_t* const steps = steps_.data();
  std::uint16_t* const inner_steps = inner_steps_.data();
  const std::byte* const bytes = text_.bytes;
  std::uint32_t head = inserted_ - slid_ + kLeastHead + kLowestHead;
  for (std::uint32_t at = inserted_; at < end; ++at, ++head) {
    std::int16_t& last = heads[chain_hash<Hash>(bytes + at)];
    std::int16_t& inner_last = inner_heads[inner_hash<kInner>(bytes + at)];
    const auto step = static_cast<std::uint16_t>(head - static_cast<std::uint16_t>(last));
    const auto inner_step = static_cast<std::uint16_t>(head - static_cast<std::uint16_t>(inner_last));
    last = static_cast<std::int16_t>(head);
    inner_last = static_cast<std::int16_t>(head);
    const auto place = static_cast<std::uint16_t>(at);
    steps[place] = step;
    inner_steps[place] = inner_step;
    // Only the numbers of places that steps lead to are ever compared.
    numbers[place] = static_cast<std::uint16_t>(numbers[static_cast<std::uint16_t>(at - step)] + 1U);
  }
  inserted_ = end;
}

template <ChainHash Hash>
void LazyPredictor<Hash>::insert_for(std::uint32_t at) noexcept {
  const std::uint32_t end = std::min(at + kAhead, text_.end);
  while (inserted_ < end) {
    if (inserted_ - slid_ == kSlide) {
      slide(heads_);
      slide(inner_heads_);
      slid_ += kSlide;
    }
    insert_batch(std::min({inserted_ + kBatch, text_.end, slid_ + kSlide}));
  }
  insert_at_ = inserted_ == text_.end ? ~0U : inserted_ - kAhead + 1;
}

template <ChainHash Hash>
auto LazyPredictor<Hash>::longest_leap(std::uint32_t place, std::uint32_t last) const noexcept -> Leap {
  // Without a branch on steps, which no processor foresees; of equal ones, the first.
  const std::uint32_t from = last > kMostOffsets ? last - kMostOffsets : 0;
  std::uint32_t longest = 0;
  for (std::uint32_t offset = from; offset <= last; ++offset) {
    longest = std::max(longest, inner_step(place + offset) << 16 | (0xFFFFU - offset));
  }
  const Leap leap{place, longest >> 16, 0xFFFFU - (longest & 0xFFFFU)};
  return leap;
}

template <ChainHash Hash>
auto LazyPredictor<Hash>::leap_behind(const Search& search, std::uint32_t same, std::uint32_t best,
                                      std::uint32_t place) const noexcept -> Leap {
  const Leap leap = longest_leap(place, same - kInner);
  const std::uint32_t next = best + 1 - kInner;
  const std::uint32_t step = inner_step(search.at + next);
  // Which of the two gets to the lowest place in fewer steps, if all are as long? If one of them is none, the search
  // ends with either.
  if (step * (place - search.lowest) <= leap.step * (search.at - search.lowest)) return leap;
  return {search.at, step, next};
}

template <ChainHash Hash>
bool LazyPredictor<Hash>::is_beyond(const Search& search, std::uint32_t place) const noexcept {
  const std::uint16_t* const numbers = numbers_.data();
  const std::uint32_t head = numbers[static_cast<std::uint16_t>(search.head)];
  return ((head - numbers[static_cast<std::uint16_t>(place)]) & 0xFFFFU) >= search.chain;
}

template <ChainHash Hash>
template <bool ByGain>
auto LazyPredictor<Hash>::after_longer(const Search& search, Found found, std::uint32_t place, std::uint32_t length)
    -> Found {
  if (!ByGain || is_gain(length, search.at - place)) {
    found.match = {length, search.at - place};
    if (length >= std::min(rules_.nice, search.limit)) return {found.match, search.limit};
    found.best = length;
  }
  if (ByGain) found.best = without_gain(search, found.best, place);
  return found;
}

/// A longer match begins with all bytes of the longest so far, so the inner chain of any kInner consecutive ones of
/// them leads to it. The chain with the longest step is followed.
template <ChainHash Hash>
template <bool ByGain>
auto LazyPredictor<Hash>::search_long(const Search& search) -> Match {
  constexpr unsigned kUnusedBits = 64 - 8 * kInner;
  const std::byte* const bytes = text_.bytes;
  const std::byte* const here = bytes + search.at;
  const std::uint64_t first = load<std::uint64_t>(here) << kUnusedBits;
  const std::uint32_t lowest = search.lowest;
  Match match;
  std::uint32_t best = ByGain ? without_gain(search, search.best, search.head) : search.best;
  if (best >= search.limit) return match;
  auto end = load<std::uint32_t>(here + best - 3);
  Leap leap = longest_leap(search.at, best + 1 - kInner);
  std::uint32_t in_chain = leap.place;  // in the inner chain of the search's place
  std::uint32_t until_look = kLookInterval;
  std::uint64_t effort = effort_;
  for (; leap.place >= lowest + leap.step && effort > 0; --effort, leap.step = inner_step(leap.place + leap.offset)) {
    leap.place -= leap.step;
    const std::byte* const there = bytes + leap.place;
    const bool may_be_longer = load<std::uint32_t>(there + best - 3) == end;
    const std::uint32_t length = may_be_longer ? common_prefix(there, here, search.limit) : 0;
    if (length > best) {
      if (is_beyond(search, leap.place)) break;
      const Found found = after_longer<ByGain>(search, {match, best}, leap.place, length);
      match = found.match;
      best = found.best;
      if (best >= search.limit) break;
      end = load<std::uint32_t>(here + best - 3);
      in_chain = leap.place;
      until_look = kLookInterval;
      leap = leap_behind(search, std::min(length, best), best, leap.place);
      continue;
    }
    if (until_look > kMostLost) {
      --until_look;
    } else if (load<std::uint64_t>(there) << kUnusedBits == first) {
      if (is_beyond(search, leap.place)) break;
      in_chain = leap.place;
      until_look = kLookInterval;
    } else if (until_look > 0 && --until_look == 0) {
      leap.place = in_chain;
      leap.offset = 0;
    }
  }
  effort_ = effort;
  return match;
}

template <ChainHash Hash>
std::uint32_t LazyPredictor<Hash>::last_like(std::uint32_t at, std::uint32_t most) const noexcept {
  std::uint32_t place = at;
  do {
    const std::uint32_t back = step(place);
    if (back > kReach) return at;
    place -= back;
  } while (place > most);
  return place;
}

template <ChainHash Hash>
auto LazyPredictor<Hash>::search_short(const Search& search) -> Match {
  constexpr std::uint32_t kMask = kShortest == 3 ? 0xFFFFFFU : 0xFFFFFFFFU;
  const std::uint32_t wanted = load<std::uint32_t>(text_.bytes + search.at) & kMask;
  std::uint32_t at = search.head;
  for (std::uint32_t chain = search.chain; chain > 0 && effort_ > 0; --chain, --effort_) {
    if (search.at - at > rules_.near) return {};
    if ((load<std::uint32_t>(text_.bytes + at) & kMask) == wanted) return {kShortest, search.at - at};
    const std::uint32_t back = step(at);
    if (at < search.lowest + back) return {};
    at -= back;
  }
  return {};
}

template <ChainHash Hash>
auto LazyPredictor<Hash>::search(std::uint32_t at, std::uint32_t than) -> Match {
  if (at + kShortest > bounds_.input) return {};
  if (at >= insert_at_) insert_for(at);
  if constexpr (Hash == ChainHash::Klauspost) {
    if (gains_ != nullptr) gains_->look_at(text_, at, bounds_.input);
  }
  const std::uint32_t back = step(at);
  return back > rules_.first_reach || at < first_ + back ? Match{} : search_from(at, than, at - back);
}

template <ChainHash Hash>
auto LazyPredictor<Hash>::search_from(std::uint32_t at, std::uint32_t than, std::uint32_t head) -> Match {
  const Search search{.at = at,
                      .limit = std::min(kLongestMatch, bounds_.input - at),
                      .lowest = std::min(head, std::max(first_, at > rules_.reach ? at - rules_.reach : 0)),
                      .chain = rules_.good != 0 && than >= rules_.good ? rules_.chain / 4 : rules_.chain,
                      .head = head,
                      .best = std::max(than, kShortest)};
  const bool may_be_long = search.best < search.limit;
  if constexpr (Hash == ChainHash::Klauspost) {
    if (gains_ != nullptr && than < kShortest) return search_gain(search, than, may_be_long);
  }
  Match match;
  if (may_be_long) match = search_long<false>(search);
  if constexpr (Hash == ChainHash::Klauspost) {
    if (gains_ != nullptr && match.length != 0) return search_gain(search, than, true);
  }
  return match.length != 0 || than >= kShortest ? match : search_short(search);
}

template <ChainHash Hash>
bool LazyPredictor<Hash>::is_gain(std::uint32_t length, std::uint32_t distance) {
  const int gain = gains_->gain_of(length, distance);
  if (gain <= gain_ || (distance > short_distance_ && gain <= short_gain_)) return false;
  gain_ = gain;
  return true;
}

template <ChainHash Hash>
std::uint32_t LazyPredictor<Hash>::without_gain(const Search& search, std::uint32_t best, std::uint32_t place) {
  // What is farther saves less, and has to gain as much at least.
  const std::uint32_t distance = search.at - place;
  const int gain = distance > short_distance_ ? std::max(gain_, short_gain_) : gain_;
  return gains_->shortest_gain(best, distance, gain, search.limit) - 1;
}

/// A match has to gain more than those that were found before it, among them one of the shortest.
template <ChainHash Hash>
auto LazyPredictor<Hash>::search_gain(Search search, std::uint32_t than, bool may_be_long) -> Match {
  search.best = kShortest;
  const std::byte* const here = text_.bytes + search.at;
  gains_->weigh(here);
  Match shortest = search_short(search);
  short_gain_ = 0;
  short_distance_ = shortest.distance;
  if (shortest.length != 0 && common_prefix(here - shortest.distance, here, shortest.length + 1) == shortest.length) {
    short_gain_ = std::max(0, gains_->gain_of(shortest.length, shortest.distance));
  }
  if (short_gain_ == 0) shortest = {};
  gain_ = 0;
  Match match;
  if (may_be_long) match = search_long<true>(search);
  if (match.length == 0) match = shortest;
  return match.length > than ? match : Match{};
}

template <ChainHash Hash>
void LazyPredictor<Hash>::begin_member(std::uint32_t at) {
  member_ = at;
  first_ = at + (rules_.first_byte ? 0U : 1U);
  if (gains_) gains_->begin(at);
}

template <ChainHash Hash>
void LazyPredictor<Hash>::begin_block(const Bounds& bounds, std::uint32_t at) {
  if (bounds_.input == at) known_at_ = ~0U;
  bounds_ = bounds;
}

template <ChainHash Hash>
Token LazyPredictor<Hash>::foresee(std::uint32_t at) {
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

template <ChainHash Hash>
Token LazyPredictor<Hash>::token_of(const Match& match, std::uint32_t at) const noexcept {
  const std::uint32_t length = std::min(match.length, bounds_.block - at);
  return length < kShortestMatch ? Token::literal() : Token::match(length, match.distance);
}

template <ChainHash Hash>
void LazyPredictor<Hash>::take(std::uint32_t at, Token token) {
  const bool goes_on = !token.is_match() && waited_ && known_at_ == at && later_.length > known_.length;
  known_at_ = goes_on ? at + 1 : ~0U;
  if (goes_on) known_ = later_;
}

template <ChainHash Hash>
void LazyPredictor<Hash>::pass(std::uint32_t /*at*/, std::uint32_t /*bytes*/) {
  known_at_ = ~0U;
}

template class LazyPredictor<ChainHash::Zlib>;
template class LazyPredictor<ChainHash::Go>;
template class LazyPredictor<ChainHash::Klauspost>;

}  // namespace ociferry::recipe
