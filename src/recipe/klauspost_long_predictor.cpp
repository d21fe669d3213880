#include "recipe/klauspost_long_predictor.hpp"

#include <algorithm>

namespace ociferry::recipe {

namespace {

constexpr unsigned kSlotBits = 15;
/// Level 5 compares matches shorter than this with one that fits their end.
constexpr std::uint32_t kGoodLength = 30;
constexpr std::uint32_t kSkippedFront = 2;

}  // namespace

KlauspostLongPredictor::KlauspostLongPredictor(unsigned level, const Text& text, std::uint32_t job_history)
    : KlauspostPredictor(text, job_history),
      level_(level),
      short_(std::size_t{1} << kSlotBits),
      long_(std::size_t{1} << kSlotBits) {
  learn_history();
}

void KlauspostLongPredictor::forget() {
  std::ranges::fill(short_, 0U);
  std::ranges::fill(long_, Pair{});
}

std::uint32_t KlauspostLongPredictor::short_slot(std::uint32_t at) const {
  return (load<std::uint32_t>(text().bytes + at) * 2654435761U) >> (32 - kSlotBits);
}

std::uint32_t KlauspostLongPredictor::long_slot(std::uint32_t at) const {
  const std::uint64_t seven = load<std::uint64_t>(text().bytes + at) << 8;
  return static_cast<std::uint32_t>((seven * 58295818150454627U) >> (64 - kSlotBits));
}

void KlauspostLongPredictor::insert_long(std::uint32_t at) {
  Pair& pair = long_.data()[long_slot(at)];
  pair = {at + 1, pair.last};
}

bool KlauspostLongPredictor::find(Found& found) {
  const unsigned slowness = level_ == 6 ? 7 : 6;
  for (next_ = at_;;) {
    at_ = next_;
    next_ = at_ + 1 + ((at_ - std::min(at_, sent_)) >> slowness);
    if (next_ > limit_) return false;
    const std::uint32_t place = short_.data()[short_slot(at_)];
    const Pair places = long_.data()[long_slot(at_)];
    insert(at_);
    if (find_long(found, places) || find_short(found, place)) return true;
  }
}

bool KlauspostLongPredictor::find_long(Found& found, const Pair& places) {
  if (level_ == 4) {
    found = {at_, places.last - 1, 0};
    return matches(places.last, at_);
  }
  // The one before is not looked at when the last one is out of reach.
  if (distance(places.last, at_) >= kReach) return false;
  const bool last = matches(places.last, at_);
  const bool before = matches(places.before, at_);
  if (!last && !before) return false;
  insert(next_);
  found = {at_, (last ? places.last : places.before) - 1, 0};
  if (!last || !before) return true;
  found.length = length_at(found.place, at_, kLongestMatch);
  take_longer(found, places.before, at_, kLongestMatch);
  return true;
}

bool KlauspostLongPredictor::find_short(Found& found, std::uint32_t place) {
  if (!matches(place, at_)) return false;
  const std::uint32_t most = level_ == 4 ? end_ : kLongestMatch;
  found = {at_, place - 1, length_at(place - 1, at_, most)};
  const Pair next = long_.data()[long_slot(next_)];
  if (level_ == 4) {
    if (matches(next.last, next_)) take_longer(found, next.last, next_, most);
    return true;
  }
  insert(next_);
  if (level_ == 6) {
    // At the distance of the last match, one byte on?
    const std::uint32_t again = chunk_end_ == end_ ? last_distance_ : 1;
    const std::uint32_t repeat = at_ + 2 - std::min(again, at_ + 2);
    if (matches(repeat, at_ + 1) && take_longer(found, repeat, at_ + 1, kLongestMatch)) return true;
  }
  if (distance(next.last, next_) >= kReach) return true;
  if (matches(next.last, next_) && take_longer(found, next.last, next_, kLongestMatch) && level_ == 5) return true;
  if (matches(next.before, next_)) take_longer(found, next.before, next_, kLongestMatch);
  return true;
}

/// True if a place is in reach.
bool KlauspostLongPredictor::improve_by(Found& found, std::uint32_t at, std::uint32_t place, std::uint32_t back) const {
  if (place <= member() + back || at + 1 >= place - back + kReach) return false;
  if (place - back <= at) take_longer(found, place - back, at, end_);
  return true;
}

/// A match that was seen with the bytes behind this one may be longer.
void KlauspostLongPredictor::improve(Found& found) const {
  const std::uint32_t behind = found.at + found.length;
  if (level_ == 4 || behind >= limit_ || (level_ == 5 && found.length >= kGoodLength)) return;
  const Pair pair = long_.data()[long_slot(behind)];
  const std::uint32_t at = found.at + kSkippedFront;
  const bool goes_on = improve_by(found, at, pair.last, found.length - kSkippedFront);
  if (goes_on && level_ == 6) improve_by(found, at, pair.before, found.length - kSkippedFront);
}

/// Of three positions in turn, one is remembered by seven bytes and one by four.
void KlauspostLongPredictor::index_thirds(std::uint32_t at, std::uint32_t last) {
  if (at >= last) return;
  insert(at);
  insert_long(at + 1);
  insert_short(at + 2);
  for (at += 4; at < last; at += 3) {
    insert_long(at);
    insert_short(at + 1);
  }
}

void KlauspostLongPredictor::index(const Run& run) {
  const std::uint32_t last = at_ - 1;
  if (level_ == 4) {
    for (std::uint32_t at = next_; at < last; at += 3) {
      insert_long(at);
      insert(at + 1);
    }
    insert(last);
  } else if (level_ == 5) {
    index_thirds(at_ - run.length + 1, last);
    insert(last);
  } else {
    for (std::uint32_t at = next_ + 1; at < last; at += 2) {
      insert(at);
      insert_long(at + 1);
    }
  }
  last_distance_ = run.distance;
  chunk_end_ = end_;
}

void KlauspostLongPredictor::index_last(const Run& /*run*/) {
  if (level_ == 4 && at_ + kBehindLast < end_) insert(at_);
  if (level_ != 6) return;
  for (std::uint32_t at = next_ + 1; at + kBehindLast < end_; at += 2) insert(at);
}

}  // namespace ociferry::recipe
