#pragma once

#include <array>
#include <limits>

#include "recipe/token_predictor.hpp"

namespace ociferry::recipe {

/// What klauspost/compress at level 9 thinks of matches: how many bits they save, if literals cost what their counts in
/// its window say.
class MatchGains {
 public:
  /// Its window begins at `at`.
  void begin(std::uint32_t at) noexcept;
  /// It looks at `at`, and has seen the bytes before `input`. Calls come with growing `at`.
  void look_at(const Text& text, std::uint32_t at, std::uint32_t input);
  /// Matches of the bytes at `at` are weighed from now on.
  void weigh(const std::byte* at) noexcept {
    at_ = at;
    weighed_ = 0;
  }
  /// Bits saved by a match; more than 0 if it is one at all.
  [[nodiscard]] int gain_of(std::uint32_t length, std::uint32_t distance) noexcept;

 private:
  std::uint32_t window_end_ = 0;
  bool is_begun_ = false;
  std::array<std::uint8_t, 256> bits_{};  ///< of the codes of literals
  const std::byte* at_ = nullptr;
  std::uint32_t weighed_ = 0;                            ///< for so many bytes, and fewer, sums_ is known
  std::array<std::uint16_t, kLongestMatch + 1> sums_{};  ///< of the bits of so many bytes at at_
};

}  // namespace ociferry::recipe
