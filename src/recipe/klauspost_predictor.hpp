#pragma once

#include <array>
#include <vector>

#include "recipe/run_predictor.hpp"

namespace ociferry::recipe {

/// The default level (5) of github.com/klauspost/compress, also in jobs of pgzip: podman, buildah, skopeo.
class KlauspostPredictor : public RunPredictor {
 public:
  /// `job_history`: how much of the bytes before a job its encoder is shown; 0 where one goes through all.
  KlauspostPredictor(const Text& text, std::uint32_t job_history);

 private:
  /// The last two places of a hash, each + 1.
  struct Pair {
    std::uint32_t last = 0;
    std::uint32_t before = 0;
  };
  /// A match that was found at `at`. Of length 0: not measured yet.
  struct Found {
    std::uint32_t at = 0;
    std::uint32_t place = 0;
    std::uint32_t length = 0;
  };

  void enter(std::uint32_t at, std::uint32_t end) override;
  Run search() override;
  void leave(const Run& run) override;
  void skip_to(std::uint32_t at) override;
  void forget() override;

  bool find(Found& found);
  bool find_long(Found& found, const Pair& candidates);
  bool find_short(Found& found, std::uint32_t candidate);
  void improve(Found& found) const;
  void extend_back(Found& found) const;
  void insert_run(const Run& run);
  void insert(std::uint32_t at) {
    insert_short(at);
    insert_long(at);
  }
  void insert_short(std::uint32_t at);
  void insert_long(std::uint32_t at);
  [[nodiscard]] std::uint32_t short_slot(std::uint32_t at) const;
  [[nodiscard]] std::uint32_t long_slot(std::uint32_t at) const;
  /// True if the four bytes at a candidate, a place + 1, are those at `at`.
  [[nodiscard]] bool matches(std::uint32_t candidate, std::uint32_t at) const;
  [[nodiscard]] std::uint32_t length_at(std::uint32_t place, std::uint32_t at, std::uint32_t most) const;

  std::vector<std::uint32_t> short_;
  std::vector<Pair> long_;
  std::uint32_t at_ = 0;    ///< where the search goes on
  std::uint32_t next_ = 0;  ///< where it would have gone on
  std::uint32_t sent_ = 0;  ///< all before it has been sent
  std::uint32_t end_ = 0;
  std::uint32_t limit_ = 0;  ///< matches begin before it
};

}  // namespace ociferry::recipe
