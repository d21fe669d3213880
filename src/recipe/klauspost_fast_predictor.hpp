#pragma once

#include <vector>

#include "recipe/klauspost_predictor.hpp"

namespace ociferry::recipe {

/// Levels 1 to 3 of github.com/klauspost/compress: one table by five bytes.
class KlauspostFastPredictor : public KlauspostPredictor {
 public:
  KlauspostFastPredictor(unsigned level, const Text& text, std::uint32_t job_history);

 private:
  void forget() override;
  bool find(Found& found) override;
  void index(const Run& run) override;
  void index_last(const Run& run) override;

  bool find_pair(Found& found);
  [[nodiscard]] bool choose(Found& found, const Pair& pair) const;
  void index_between(const Run& run);
  /// The slot of five bytes, the lowest first.
  [[nodiscard]] Pair& slot(std::uint64_t bytes) { return table_.data()[((bytes << 24) * 889523592379U) >> shift_]; }
  [[nodiscard]] std::uint64_t word(std::uint32_t at) const { return load<std::uint64_t>(text().bytes + at); }
  /// Returns what was in the slot.
  Pair insert(std::uint32_t at, std::uint64_t bytes);
  Pair insert(std::uint32_t at) { return insert(at, word(at)); }

  unsigned level_;
  unsigned shift_;
  std::vector<Pair> table_;  ///< of levels 1 and 2, only the last place matters
};

}  // namespace ociferry::recipe
