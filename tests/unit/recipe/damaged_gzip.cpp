#include "damaged_gzip.hpp"

#include <algorithm>

#include "support/seed.hpp"

namespace ociferry::testing {

namespace {

/// A run of `text`, of at most `most` bytes; not empty.
struct Range {
  std::size_t at;
  std::size_t size;
};
Range draw_range(Dice& dice, const std::string& text, std::size_t most) {
  const std::size_t at = dice.below(text.size());
  return {at, 1 + dice.below(std::min(most, text.size() - at))};
}

void flip_bits(Dice& dice, std::string& text) {
  for (std::uint64_t left = 1 + dice.below(4); left > 0; --left) {
    char& byte = text[dice.below(text.size())];
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ 1U << dice.below(8));
  }
}

void damage_once(Dice& dice, std::string& text) {
  const Range range = draw_range(dice, text, 64);
  switch (dice.below(7)) {
    case 0: text.erase(range.at, range.size); return;
    case 1: text.insert(range.at, text.substr(range.at, range.size)); return;
    case 2: text.resize(range.at); return;
    case 3: text.replace(range.at, range.size, range.size, dice.one_in(2) ? '\0' : '\xFF'); return;
    case 4: text += text.substr(range.at); return;
    default: flip_bits(dice, text);
  }
}

}  // namespace

std::string damaged_gzip(std::string gzip, std::uint64_t seed) {
  Dice dice(seed);
  const std::uint64_t times = dice.one_in(4) ? 3 : 1;
  for (std::uint64_t i = 0; i < times && !gzip.empty(); ++i) damage_once(dice, gzip);
  return gzip;
}

}  // namespace ociferry::testing
