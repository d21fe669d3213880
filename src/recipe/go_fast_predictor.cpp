#include "recipe/go_fast_predictor.hpp"

#include <algorithm>
#include <utility>

#include "recipe/text_match.hpp"

namespace ociferry::recipe {

namespace {

constexpr unsigned kGoFastBits = 14;
/// No matches are looked for in the last bytes of a chunk, nor in a chunk that is too short.
constexpr std::uint32_t kGoFastTail = 15;
constexpr std::uint32_t kGoFastShortest = 128;

}  // namespace

GoFastPredictor::GoFastPredictor(const Text& text) : RunPredictor(text, 0), table_(std::size_t{1} << kGoFastBits) {
  learn_history();
}

void GoFastPredictor::forget() { std::ranges::fill(table_, 0U); }

void GoFastPredictor::enter(std::uint32_t at, std::uint32_t end) {
  at_ = at;
  end_ = end;
  limit_ = end - at < kGoFastShortest ? at : end - kGoFastTail;
  next_distance_ = 0;
}

bool GoFastPredictor::exchange(std::uint32_t at, std::uint32_t& distance) {
  const auto word = load<std::uint32_t>(text().bytes + at);
  std::uint32_t& slot = table_[(word * 0x1E35A7BDU) >> (32 - kGoFastBits)];
  const std::uint32_t last = std::exchange(slot, at + 1);
  if (last == 0 || last - 1 < member() || at + 1 - last > kReach) return false;
  if (load<std::uint32_t>(text().bytes + last - 1) != word) return false;
  distance = at + 1 - last;
  return distance != 0;
}

RunPredictor::Run GoFastPredictor::run_at(std::uint32_t at, std::uint32_t distance) const {
  const std::byte* here = text().bytes + at;
  return {at, common_prefix(here - distance, here, std::min(kLongestMatch, end_ - at)), distance};
}

RunPredictor::Run GoFastPredictor::search() {
  if (next_distance_ != 0) return run_at(at_, std::exchange(next_distance_, 0));
  std::uint32_t skip = 32;
  for (std::uint32_t next = at_;;) {
    at_ = next;
    next += skip >> 5;
    skip += skip >> 5;
    if (next > limit_) {
      at_ = end_;
      return {};
    }
    if (std::uint32_t distance = 0; exchange(at_, distance)) return run_at(at_, distance);
  }
}

void GoFastPredictor::leave(const Run& run) {
  at_ = run.begin + run.length;
  next_distance_ = 0;
  if (at_ >= limit_) {
    at_ = end_;
    return;
  }
  std::uint32_t distance = 0;
  exchange(at_ - 1, distance);
  if (exchange(at_, distance)) {
    next_distance_ = distance;
  } else {
    ++at_;
  }
}

void GoFastPredictor::skip_to(std::uint32_t at) {
  at_ = at;
  next_distance_ = 0;
}

}  // namespace ociferry::recipe
