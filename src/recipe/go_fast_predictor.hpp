#pragma once

#include <vector>

#include "recipe/run_predictor.hpp"

namespace ociferry::recipe {

/// Go's compress/flate at its fastest level.
class GoFastPredictor : public RunPredictor {
 public:
  explicit GoFastPredictor(const Text& text);

 private:
  void enter(std::uint32_t at, std::uint32_t end) override;
  Run search() override;
  void leave(const Run& run) override;
  void skip_to(std::uint32_t at) override;
  void forget() override;

  /// Puts the word at `at` into the table; true if the one that was there makes a match, `distance` before.
  bool exchange(std::uint32_t at, std::uint32_t& distance);
  [[nodiscard]] Run run_at(std::uint32_t at, std::uint32_t distance) const;

  std::vector<std::uint32_t> table_;  ///< by hash: 1 + the last place
  std::uint32_t at_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t limit_ = 0;          ///< matches begin before it
  std::uint32_t next_distance_ = 0;  ///< not 0: there is a match at at_, behind the last one
};

}  // namespace ociferry::recipe
