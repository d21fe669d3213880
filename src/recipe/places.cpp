#include "recipe/places.hpp"

#include <algorithm>

#include "recipe/text_match.hpp"

namespace ociferry::recipe {

namespace {

constexpr unsigned kPlaceHashBits = 16;
/// Places for each byte of text, on average: far more than what any stream needs that is not made to take long.
constexpr std::uint64_t kPlaceEffort = 256;

std::uint32_t three_bytes(const std::byte* at) { return load<std::uint32_t>(at) & 0xFFFFFF; }

std::uint32_t place_hash(std::uint32_t three) { return (three * 0x9E3779B1U) >> (32 - kPlaceHashBits); }

}  // namespace

Places::Places(const Text& text)
    : text_(text), effort_(kPlaceEffort * (text.end + 1)), heads_(std::size_t{1} << kPlaceHashBits), steps_(kReach) {}

std::uint32_t Places::checked(std::uint32_t at, std::uint32_t place, std::uint32_t lowest) {
  const std::uint32_t wanted = three_bytes(text_.bytes + at);
  while (true) {
    if (place < lowest || at - place > kReach || effort_ == 0) return 0;
    --effort_;
    if (three_bytes(text_.bytes + place) == wanted) return at - place;
    const std::uint32_t step = steps_[place % kReach];
    if (step == 0 || step > place) return 0;
    place -= step;
  }
}

void Places::insert_until(std::uint32_t end) noexcept {
  std::uint32_t* const heads = heads_.data();
  std::uint16_t* const steps = steps_.data();
  // Places that are out of reach by now are left out.
  for (std::uint32_t at = std::max(inserted_, end > kReach ? end - kReach : 0); at < end; ++at) {
    std::uint32_t& head = heads[place_hash(three_bytes(text_.bytes + at))];
    const std::uint32_t step = at + 1 - head;
    steps[at % kReach] = static_cast<std::uint16_t>(head != 0 && step <= kReach ? step : 0);
    head = at + 1;
  }
  inserted_ = end;
}

std::uint32_t Places::nearest(std::uint32_t at, std::uint32_t lowest) {
  insert_until(at);
  const std::uint32_t head = heads_[place_hash(three_bytes(text_.bytes + at))];
  return head == 0 ? 0 : checked(at, head - 1, lowest);
}

std::uint32_t Places::next(std::uint32_t at, std::uint32_t distance, std::uint32_t lowest) {
  const std::uint32_t place = at - distance;
  const std::uint32_t step = steps_[place % kReach];
  return step == 0 || step > place ? 0 : checked(at, place - step, lowest);
}

}  // namespace ociferry::recipe
