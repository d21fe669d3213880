#pragma once

#include <vector>

#include "recipe/klauspost_predictor.hpp"

namespace ociferry::recipe {

/// Levels 4 to 6 of github.com/klauspost/compress: a table by four bytes, and one by seven. 5 is the default: podman,
/// buildah, skopeo, buildkit.
class KlauspostLongPredictor : public KlauspostPredictor {
 public:
  KlauspostLongPredictor(unsigned level, const Text& text, std::uint32_t job_history);

 private:
  void forget() override;
  bool find(Found& found) override;
  void improve(Found& found) const override;
  void index(const Run& run) override;
  void index_last(const Run& run) override;

  bool find_long(Found& found, const Pair& places);
  bool find_short(Found& found, std::uint32_t place);
  bool improve_by(Found& found, std::uint32_t at, std::uint32_t place, std::uint32_t back) const;
  void index_thirds(std::uint32_t at, std::uint32_t last);
  void insert(std::uint32_t at) {
    insert_short(at);
    insert_long(at);
  }
  void insert_short(std::uint32_t at) { short_.data()[short_slot(at)] = at + 1; }
  void insert_long(std::uint32_t at);
  [[nodiscard]] std::uint32_t short_slot(std::uint32_t at) const;
  [[nodiscard]] std::uint32_t long_slot(std::uint32_t at) const;

  unsigned level_;
  std::uint32_t last_distance_ = 1;  ///< of the last match in the chunk
  std::uint32_t chunk_end_ = 0;      ///< of the chunk of that match
  std::vector<std::uint32_t> short_;
  std::vector<Pair> long_;  ///< of level 4, only the last place matters
};

}  // namespace ociferry::recipe
