#include "recipe/klauspost_fast_predictor.hpp"

#include <algorithm>
#include <array>

namespace ociferry::recipe {

namespace {

constexpr std::array<unsigned, 3> kFastTableBits = {15, 17, 16};
/// How far back the pairs of level 3 are looked at.
constexpr std::uint32_t kPairReach = kReach - 4;

}  // namespace

KlauspostFastPredictor::KlauspostFastPredictor(unsigned level, const Text& text, std::uint32_t job_history)
    : KlauspostPredictor(text, job_history),
      level_(level),
      shift_(64 - kFastTableBits.at(level - 1)),
      table_(std::size_t{1} << kFastTableBits.at(level - 1)) {
  learn_history();
}

void KlauspostFastPredictor::forget() { std::ranges::fill(table_, Pair{}); }

KlauspostPredictor::Pair KlauspostFastPredictor::insert(std::uint32_t at, std::uint64_t bytes) {
  Pair& pair = slot(bytes);
  const Pair old = pair;
  pair = {at + 1, old.last};
  return old;
}

bool KlauspostFastPredictor::find(Found& found) {
  if (level_ == 3) return find_pair(found);
  for (next_ = at_;;) {
    at_ = next_;
    next_ = at_ + 2 + ((at_ - std::min(at_, sent_)) >> 5);
    if (next_ > limit_) return false;
    std::uint32_t place = insert(at_).last;
    if (matches(place, at_)) {
      insert(next_);
      found = {at_, place - 1, 0};
      return true;
    }
    // One more right away, and the one behind it is next.
    at_ = next_++;
    place = insert(at_).last;
    if (!matches(place, at_)) continue;
    // Level 1 puts the next position where this one belongs.
    if (level_ == 1) insert(next_, word(at_));
    found = {at_, place - 1, 0};
    return true;
  }
}

bool KlauspostFastPredictor::find_pair(Found& found) {
  for (next_ = at_;;) {
    at_ = next_;
    next_ = at_ + 1 + ((at_ - std::min(at_, sent_)) >> 7);
    if (next_ > limit_) return false;
    if (choose(found, insert(at_))) return true;
  }
}

bool KlauspostFastPredictor::choose(Found& found, const Pair& pair) const {
  if (distance(pair.last, at_) > kPairReach) return false;
  if (!matches(pair.last, at_)) {
    found = {at_, pair.before - 1, 0};
    return matches(pair.before, at_, kPairReach - 1);
  }
  found = {at_, pair.last - 1, 0};
  if (!matches(pair.before, at_, kPairReach)) return true;
  found.length = length_at(pair.last - 1, at_, end_);
  take_longer(found, pair.before, at_, end_);
  return true;
}

void KlauspostFastPredictor::index_last(const Run& run) {
  // Level 3 remembers the end of what was matched, the others that of the match.
  const std::uint32_t at = level_ == 3 ? sent_ - run.distance : at_;
  const std::uint32_t behind = level_ == 3 ? 0 : run.length;
  if (at + behind + kBehindLast < end_) insert(at);
}

void KlauspostFastPredictor::index_between(const Run& run) {
  const std::uint32_t stride = level_ == 2 ? 7 : 6;
  for (std::uint32_t at = at_ - run.length + 2; at + 5 < at_; at += stride) {
    insert(at);
    if (level_ == 3) continue;
    insert(at + 2);
    // Only four bytes of this one are left in a word that was loaded at `at`.
    insert(at + 4, word(at) >> 32);
  }
}

void KlauspostFastPredictor::index(const Run& run) {
  if (level_ > 1) index_between(run);
  insert(at_ - 2);
  if (level_ > 1) insert(at_ - 1);
  const Pair pair = insert(at_);
  if (level_ < 3) {
    is_found_ = matches(pair.last, at_, kReach);
    next_found_ = {at_, pair.last - 1, 0};
  } else if (distance(pair.last, at_) < kPairReach) {
    const bool is_last = matches(pair.last, at_);
    is_found_ = is_last || matches(pair.before, at_, kPairReach - 1);
    next_found_ = {at_, (is_last ? pair.last : pair.before) - 1, 0};
  }
  if (!is_found_) ++at_;
}

}  // namespace ociferry::recipe
