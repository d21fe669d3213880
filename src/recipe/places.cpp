#include "recipe/places.hpp"

#include <algorithm>

#include "recipe/text_match.hpp"

namespace ociferry::recipe {

namespace {

constexpr unsigned kPlaceHashBits = 15;
/// Places for each byte of text, on average: far more than what any stream needs that is not made to take long.
constexpr std::uint64_t kPlaceEffort = 256;

std::uint32_t three_bytes(const std::byte* at) { return load<std::uint32_t>(at) & 0xFFFFFF; }

std::uint32_t place_hash(std::uint32_t three) { return (three * 0x9E3779B1U) >> (32 - kPlaceHashBits); }

}  // namespace

Places::Places(const Text& text)
    : text_(text), effort_(kPlaceEffort * (text.end + 1)), heads_(std::size_t{1} << kPlaceHashBits), steps_(kReach) {}

std::uint32_t Places::first_behind(std::uint32_t at, std::uint32_t place, std::uint32_t step, std::uint32_t lowest) {
  const std::uint32_t wanted = three_bytes(text_.bytes + at);
  for (; step != 0 && step <= place; step = steps_[place % kReach]) {
    place -= step;
    if (place < lowest || at - place > kReach || effort_ == 0) return 0;
    --effort_;
    const std::uint32_t found = three_bytes(text_.bytes + place);
    if (found == wanted) return at - place;
    // A head is a place modulo 2^16: one that is farther away seems near. Bytes of another hash show it.
    if (place_hash(found) != place_hash(wanted)) return 0;
  }
  return 0;
}

void Places::insert_until(std::uint32_t end) noexcept {
  std::uint16_t* const heads = heads_.data();
  std::uint16_t* const steps = steps_.data();
  // Places that are out of reach by now are left out.
  for (std::uint32_t at = std::max(inserted_, end > kReach ? end - kReach : 0); at < end; ++at) {
    std::uint16_t& head = heads[place_hash(three_bytes(text_.bytes + at))];
    steps[at % kReach] = static_cast<std::uint16_t>(at - head);
    head = static_cast<std::uint16_t>(at);
  }
  inserted_ = end;
}

std::uint32_t Places::nearest(std::uint32_t at, std::uint32_t lowest) {
  insert_until(at);
  const std::uint32_t head = heads_[place_hash(three_bytes(text_.bytes + at))];
  return first_behind(at, at, (at - head) & 0xFFFFU, lowest);
}

std::uint32_t Places::next(std::uint32_t at, std::uint32_t distance, std::uint32_t lowest) {
  const std::uint32_t place = at - distance;
  return first_behind(at, place, steps_[place % kReach], lowest);
}

}  // namespace ociferry::recipe
