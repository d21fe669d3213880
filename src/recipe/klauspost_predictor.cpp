#include "recipe/klauspost_predictor.hpp"

#include <algorithm>

#include "recipe/text_match.hpp"

namespace ociferry::recipe {

namespace {

constexpr unsigned kSlotBits = 15;
/// No matches are looked for in the last bytes of a chunk.
constexpr std::uint32_t kEndMargin = 11;
constexpr std::uint32_t kShortestChunk = kEndMargin + 2;
/// Matches shorter than this are compared with one that fits their end.
constexpr std::uint32_t kGoodLength = 30;
constexpr std::uint32_t kSkippedFront = 2;

}  // namespace

KlauspostPredictor::KlauspostPredictor(const Text& text, std::uint32_t job_history)
    : RunPredictor(text, job_history), short_(std::size_t{1} << kSlotBits), long_(std::size_t{1} << kSlotBits) {
  learn_history();
}

void KlauspostPredictor::forget() {
  std::ranges::fill(short_, 0U);
  std::ranges::fill(long_, Pair{});
}

std::uint32_t KlauspostPredictor::short_slot(std::uint32_t at) const {
  return (load<std::uint32_t>(text().bytes + at) * 2654435761U) >> (32 - kSlotBits);
}

std::uint32_t KlauspostPredictor::long_slot(std::uint32_t at) const {
  const std::uint64_t seven = load<std::uint64_t>(text().bytes + at) << 8;
  return static_cast<std::uint32_t>((seven * 58295818150454627U) >> (64 - kSlotBits));
}

void KlauspostPredictor::insert_short(std::uint32_t at) { short_.data()[short_slot(at)] = at + 1; }

void KlauspostPredictor::insert_long(std::uint32_t at) {
  Pair& pair = long_.data()[long_slot(at)];
  pair = {at + 1, pair.last};
}

bool KlauspostPredictor::matches(std::uint32_t candidate, std::uint32_t at) const {
  if (candidate <= member() || candidate > at || at + 1 - candidate >= kReach) return false;
  return load<std::uint32_t>(text().bytes + candidate - 1) == load<std::uint32_t>(text().bytes + at);
}

std::uint32_t KlauspostPredictor::length_at(std::uint32_t place, std::uint32_t at, std::uint32_t most) const {
  return common_prefix(text().bytes + place, text().bytes + at, std::min(most, end_ - at));
}

void KlauspostPredictor::enter(std::uint32_t at, std::uint32_t end) {
  at_ = at;
  next_ = at;
  sent_ = at;
  end_ = end;
  limit_ = end - at < kShortestChunk ? 0 : end - kEndMargin;
}

RunPredictor::Run KlauspostPredictor::search() {
  Found found;
  if (at_ >= limit_ || !find(found)) {
    at_ = end_;
    return {};
  }
  if (found.length == 0 || found.length == kLongestMatch) found.length = length_at(found.place, found.at, end_);
  improve(found);
  extend_back(found);
  return {found.at, found.length, found.at - found.place};
}

bool KlauspostPredictor::find(Found& found) {
  for (next_ = at_;;) {
    at_ = next_;
    next_ = at_ + 1 + ((at_ - std::min(at_, sent_)) >> 6);
    if (next_ > limit_) return false;
    const std::uint32_t candidate = short_.data()[short_slot(at_)];
    const Pair candidates = long_.data()[long_slot(at_)];
    insert(at_);
    if (find_long(found, candidates) || find_short(found, candidate)) return true;
  }
}

bool KlauspostPredictor::find_long(Found& found, const Pair& candidates) {
  // The one before is not looked at when the last one is out of reach.
  if (candidates.last <= member() || at_ + 1 - candidates.last >= kReach) return false;
  const bool before = matches(candidates.before, at_);
  if (!matches(candidates.last, at_)) {
    if (!before) return false;
    insert(next_);
    found = {at_, candidates.before - 1, 0};
    return true;
  }
  insert(next_);
  found = {at_, candidates.last - 1, 0};
  if (!before) return true;
  found.length = length_at(found.place, at_, kLongestMatch);
  const std::uint32_t other = length_at(candidates.before - 1, at_, kLongestMatch);
  if (other > found.length) found = {at_, candidates.before - 1, other};
  return true;
}

bool KlauspostPredictor::find_short(Found& found, std::uint32_t candidate) {
  if (!matches(candidate, at_)) return false;
  found = {at_, candidate - 1, length_at(candidate - 1, at_, kLongestMatch)};
  const Pair next = long_.data()[long_slot(next_)];
  insert(next_);
  if (next.last <= member() || next_ + 1 - next.last >= kReach) return true;
  for (const std::uint32_t place : {next.last, next.before}) {
    if (!matches(place, next_)) continue;
    const std::uint32_t length = length_at(place - 1, next_, kLongestMatch);
    if (length <= found.length) continue;
    found = {next_, place - 1, length};
    break;
  }
  return true;
}

/// A match that was seen with the bytes behind this one may be longer.
void KlauspostPredictor::improve(Found& found) const {
  const std::uint32_t behind = found.at + found.length;
  if (found.length >= kGoodLength || behind >= limit_) return;
  const std::uint32_t candidate = long_.data()[long_slot(behind)].last;
  const std::uint32_t back = found.length - kSkippedFront;
  const std::uint32_t at = found.at + kSkippedFront;
  if (candidate <= member() + back) return;
  const std::uint32_t place = candidate - 1 - back;
  if (place >= at || at - place >= kReach) return;
  const std::uint32_t length = length_at(place, at, end_);
  if (length > found.length) found = {at, place, length};
}

void KlauspostPredictor::extend_back(Found& found) const {
  const std::byte* bytes = text().bytes;
  while (found.place > member() && found.at > sent_ && bytes[found.place - 1] == bytes[found.at - 1]) {
    --found.place;
    --found.at;
    ++found.length;
  }
}

void KlauspostPredictor::leave(const Run& run) {
  sent_ = run.begin + run.length;
  at_ = std::max(sent_, next_ + 1);
  if (at_ >= limit_) {
    at_ = end_;
    return;
  }
  insert_run({at_ - run.length, run.length, run.distance});
  insert(at_ - 1);
}

/// Of three places in turn, one is remembered by seven bytes and one by four.
void KlauspostPredictor::insert_run(const Run& run) {
  const std::uint32_t last = run.begin + run.length - 1;
  std::uint32_t at = run.begin + 1;
  if (at >= last) return;
  insert(at);
  insert_long(at + 1);
  insert_short(at + 2);
  for (at += 4; at < last; at += 3) {
    insert_long(at);
    insert_short(at + 1);
  }
}

void KlauspostPredictor::skip_to(std::uint32_t at) { at_ = at; }

}  // namespace ociferry::recipe
