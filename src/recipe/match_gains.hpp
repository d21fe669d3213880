#pragma once

#include <array>
#include <limits>

#include "recipe/token_predictor.hpp"

namespace ociferry::recipe {

/// How klauspost/compress rates matches at level 9: by the bits that they save, where literals cost what their counts
/// in its window suggest.
class MatchGains {
 public:
  /// Its window begins at `at`.
  void begin(std::uint32_t at) noexcept;
  /// It looks at `at`, and has seen the bytes before `input`. Calls come with growing `at`.
  void look_at(const Text& text, std::uint32_t at, std::uint32_t input) {
    if (!is_begun_ || at + kLeastAhead > window_end_) fill_window(text, at, input);
  }
  /// Matches of the bytes at `at` are weighed from now on.
  void weigh(const std::byte* at) noexcept {
    at_ = at;
    weighed_ = 0;
  }
  /// Bits saved by a match; more than 0 if it is one at all.
  [[nodiscard]] int gain_of(std::uint32_t length, std::uint32_t distance) noexcept {
    return saved_by(length) - cost_of(distance);
  }
  /// The shortest length above `than` with which a match at `distance` gains more than `gain`; more than `limit` if
  /// there is none.
  [[nodiscard]] std::uint32_t shortest_gain(std::uint32_t than, std::uint32_t distance, int gain,
                                            std::uint32_t limit) noexcept {
    const int least = gain + cost_of(distance);
    std::uint32_t length = than + 1;
    while (length <= limit && saved_by(length) <= least) ++length;
    return length;
  }

 private:
  /// The window is twice as large as the reach; it is filled when fewer bytes than this are ahead in it.
  static constexpr std::uint32_t kLeastAhead = kLongestMatch + 4;
  static constexpr int kMatchCost = 6;

  void fill_window(const Text& text, std::uint32_t at, std::uint32_t input);

  /// What the literals in the place of a match of `length` bytes cost, less the extra bits of its length.
  [[nodiscard]] int saved_by(std::uint32_t length) noexcept {
    if (weighed_ < length) weigh_until(length);
    return sums_.data()[length] - static_cast<int>(length_symbol(Token::match(length, 1)).extra_bits);
  }
  void weigh_until(std::uint32_t length) noexcept {
    std::uint16_t* const sums = sums_.data();
    std::uint32_t sum = sums[weighed_];
    for (std::uint32_t i = weighed_; i < length; ++i) {
      sum += bits_.data()[std::to_integer<std::size_t>(at_[i])];
      sums[i + 1] = static_cast<std::uint16_t>(sum);
    }
    weighed_ = length;
  }
  /// The encoder computes it for a distance that is longer by one.
  [[nodiscard]] static int cost_of(std::uint32_t distance) noexcept {
    return kMatchCost + static_cast<int>(distance_symbol(distance + 1).extra_bits);
  }

  std::uint32_t window_end_ = 0;
  bool is_begun_ = false;
  std::array<std::uint8_t, 256> bits_{};  ///< of the codes of literals
  const std::byte* at_ = nullptr;
  std::uint32_t weighed_ = 0;                            ///< up to this length sums_ is known
  std::array<std::uint16_t, kLongestMatch + 1> sums_{};  ///< by length: bits of the literals at at_
};

}  // namespace ociferry::recipe
