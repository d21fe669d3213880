#pragma once

#include "recipe/run_predictor.hpp"
#include "recipe/text_match.hpp"

namespace ociferry::recipe {

/// What levels 1 to 6 of github.com/klauspost/compress have in common: they look at positions in growing strides for
/// matches of four bytes, which they extend to both sides. Places in tables are positions + 1; 0: none.
class KlauspostPredictor : public RunPredictor {
 protected:
  /// The last two places of a hash.
  struct Pair {
    std::uint32_t last = 0;
    std::uint32_t before = 0;
  };
  /// A match at `at` with what is at the position `place`. Of length 0: not measured yet.
  struct Found {
    std::uint32_t at = 0;
    std::uint32_t place = 0;
    std::uint32_t length = 0;
  };

  /// A last position is put into a table if more bytes are behind it.
  static constexpr std::uint32_t kBehindLast = 8;

  /// `job_history`: as in RunPredictor.
  KlauspostPredictor(const Text& text, std::uint32_t job_history) : RunPredictor(text, job_history) {}

  /// The next match from at_ on, which is put into the tables on the way, with next_ as the position behind.
  virtual bool find(Found& found) = 0;
  /// Looks for a better match than one that has been measured.
  virtual void improve(Found& /*found*/) const {}
  /// Puts positions of a match into the tables; the search goes on at at_, which it may change, or with next_found_.
  virtual void index(const Run& run) = 0;
  /// Does the same after the last match of a chunk.
  virtual void index_last(const Run& run) = 0;

  /// How far a place is before `at`; out of reach if it is none.
  [[nodiscard]] std::uint32_t distance(std::uint32_t place, std::uint32_t at) const {
    return place <= member() || place > at ? 2 * kReach : at + 1 - place;
  }
  /// True if a place is at most `reach` before `at`, and has the same four bytes.
  [[nodiscard]] bool matches(std::uint32_t place, std::uint32_t at, std::uint32_t reach = kReach - 1) const {
    return distance(place, at) <= reach &&
           load<std::uint32_t>(text().bytes + place - 1) == load<std::uint32_t>(text().bytes + at);
  }
  [[nodiscard]] std::uint32_t length_at(std::uint32_t position, std::uint32_t at, std::uint32_t most) const;
  /// Takes the match at `at` with a place if it is longer than `found`.
  bool take_longer(Found& found, std::uint32_t place, std::uint32_t at, std::uint32_t most) const;

  std::uint32_t at_ = 0;    ///< where the search goes on
  std::uint32_t next_ = 0;  ///< where it would have gone on
  std::uint32_t sent_ = 0;  ///< all before it has been sent
  std::uint32_t end_ = 0;
  std::uint32_t limit_ = 0;  ///< matches begin before it
  bool is_found_ = false;    ///< next_found_ is the next one
  Found next_found_;

 private:
  void enter(std::uint32_t at, std::uint32_t end) final;
  Run search() final;
  void leave(const Run& run) final;
  void skip_to(std::uint32_t at) final;
  void extend_back(Found& found) const;
};

}  // namespace ociferry::recipe
