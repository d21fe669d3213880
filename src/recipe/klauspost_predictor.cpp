#include "recipe/klauspost_predictor.hpp"

#include <algorithm>
#include <utility>

namespace ociferry::recipe {

namespace {

/// No matches are looked for in the last bytes of a chunk.
constexpr std::uint32_t kEndMargin = 11;
constexpr std::uint32_t kShortestChunk = kEndMargin + 2;

}  // namespace

std::uint32_t KlauspostPredictor::length_at(std::uint32_t position, std::uint32_t at, std::uint32_t most) const {
  return common_prefix(text().bytes + position, text().bytes + at, std::min(most, end_ - at));
}

bool KlauspostPredictor::take_longer(Found& found, std::uint32_t place, std::uint32_t at, std::uint32_t most) const {
  const std::uint32_t length = length_at(place - 1, at, most);
  if (length <= found.length) return false;
  found = {at, place - 1, length};
  return true;
}

void KlauspostPredictor::enter(std::uint32_t at, std::uint32_t end) {
  at_ = at;
  next_ = at;
  sent_ = at;
  end_ = end;
  limit_ = end - at < kShortestChunk ? 0 : end - kEndMargin;
  is_found_ = false;
}

RunPredictor::Run KlauspostPredictor::search() {
  Found found = next_found_;
  if (!std::exchange(is_found_, false) && (at_ >= limit_ || !find(found))) {
    at_ = end_;
    return {};
  }
  if (found.length == 0 || found.length == kLongestMatch) found.length = length_at(found.place, found.at, end_);
  improve(found);
  extend_back(found);
  return {found.at, found.length, found.at - found.place};
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
  is_found_ = false;
  if (at_ < limit_) {
    index(run);
  } else {
    index_last(run);
    at_ = end_;
  }
}

void KlauspostPredictor::skip_to(std::uint32_t at) {
  at_ = at;
  is_found_ = false;
}

}  // namespace ociferry::recipe
