#pragma once

#include <vector>

#include "recipe/token_predictor.hpp"

namespace ociferry::recipe {

/// All earlier places with the same three bytes, the nearest first: what names matches that were not foreseen.
class Places {
 public:
  explicit Places(const Text& text);

  /// The distance of the nearest place for `at` that is at least `lowest`; 0 if there is none within reach. Calls come
  /// with growing `at`.
  [[nodiscard]] std::uint32_t nearest(std::uint32_t at, std::uint32_t lowest);
  /// The next distance behind `distance`; 0 if there is none, or all effort is spent.
  [[nodiscard]] std::uint32_t next(std::uint32_t at, std::uint32_t distance, std::uint32_t lowest);

 private:
  void insert_until(std::uint32_t end) noexcept;
  /// The distance of the first place in the chain for `at` that has its bytes, from the one `step` before `place` on.
  [[nodiscard]] std::uint32_t first_behind(std::uint32_t at, std::uint32_t place, std::uint32_t step,
                                           std::uint32_t lowest);

  Text text_;
  std::uint32_t inserted_ = 0;
  std::uint64_t effort_;              ///< how many places may still be compared: a hostile recipe must not take hours
  std::vector<std::uint16_t> heads_;  ///< the last place of each hash, modulo 2^16
  std::vector<std::uint16_t> steps_;  ///< by place, modulo kReach: how far back the one before is in its chain
};

}  // namespace ociferry::recipe
