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
  /// Bits saved by a match of the bytes at `at`; more than 0 if it is one at all.
  [[nodiscard]] int gain_of(const std::byte* at, std::uint32_t length, std::uint32_t distance) const noexcept;

 private:
  std::uint32_t window_end_ = 0;
  bool is_begun_ = false;
  std::array<std::uint8_t, 256> bits_{};  ///< of the codes of literals
};

}  // namespace ociferry::recipe
