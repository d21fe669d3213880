#pragma once

#include <vector>

#include "recipe/chain_hash.hpp"
#include "recipe/chain_rules.hpp"
#include "recipe/match_gains.hpp"
#include "recipe/token_predictor.hpp"

namespace ociferry::recipe {

/// Foresees the tokens of an encoder that keeps chains of all places with the same hash, and that looks at the next
/// byte for a longer match before it takes one. Its chains do not depend on its tokens: they are made in advance.
template <ChainHash Hash>
class LazyPredictor : public TokenPredictor {
 public:
  LazyPredictor(const ChainRules& rules, const Text& text);

  void begin_member(std::uint32_t at) override;
  void begin_block(const Bounds& bounds, std::uint32_t at) override;
  [[nodiscard]] Token foresee(std::uint32_t at) override;
  void take(std::uint32_t at, Token token) override;
  void pass(std::uint32_t at, std::uint32_t bytes) override;

 protected:
  struct Match {
    std::uint32_t length = 0;
    std::uint32_t distance = 0;
  };

  /// The first of the longest matches at `at` that are longer than `than`; of length 0 if there is none.
  [[nodiscard]] Match search(std::uint32_t at, std::uint32_t than);
  /// The last place up to `most` with the hash of `at`, which is in a chain already; `at` if there is none in reach.
  [[nodiscard]] std::uint32_t last_like(std::uint32_t at, std::uint32_t most) const noexcept;
  [[nodiscard]] Token token_of(const Match& match, std::uint32_t at) const noexcept;

  [[nodiscard]] const ChainRules& rules() const noexcept { return rules_; }
  [[nodiscard]] const Text& text() const noexcept { return text_; }
  [[nodiscard]] const Bounds& bounds() const noexcept { return bounds_; }
  [[nodiscard]] std::uint32_t member() const noexcept { return member_; }

  std::uint32_t known_at_ = ~0U;
  Match known_;          ///< the match at known_at_
  bool waited_ = false;  ///< the last foreseen literal is due to `later_` being longer
  Match later_;

 private:
  static constexpr std::uint32_t kShortest = kShortestOf<Hash>;
  /// Bytes that the inner chains' hash is of.
  static constexpr std::uint32_t kInner = kShortest + 1;

  /// The last place of each hash, modulo 2^16 and less 2^15; the lowest number for a place out of reach.
  using Heads = std::vector<std::int16_t>;
  /// A step from `place` along the inner chain of the kInner bytes that begin `offset` behind it; beyond kReach if the
  /// chain ends there.
  struct Leap {
    std::uint32_t place = 0;
    std::uint32_t step = 0;
    std::uint32_t offset = 0;
  };
  /// A search at a place: what limits it, and what it has found.
  struct Search {
    std::uint32_t at;
    std::uint32_t limit;   ///< no match is longer
    std::uint32_t lowest;  ///< place that is compared
    std::uint32_t chain;   ///< how many places are compared
    std::uint32_t head;    ///< the nearest place
    std::uint32_t best;    ///< a match has to be longer
  };

  void insert_for(std::uint32_t at) noexcept;
  void insert_batch(std::uint32_t end) noexcept;
  [[nodiscard]] std::uint32_t inner_step(std::uint32_t place) const noexcept {
    return inner_steps_.data()[static_cast<std::uint16_t>(place)];
  }
  [[nodiscard]] std::uint32_t step(std::uint32_t place) const noexcept {
    return steps_.data()[static_cast<std::uint16_t>(place)];
  }
  [[nodiscard]] Match search_from(std::uint32_t at, std::uint32_t than, std::uint32_t head);
  /// The longest step from `place`, along the inner chains of the bytes that begin up to `last` behind it.
  [[nodiscard]] Leap longest_leap(std::uint32_t place, std::uint32_t last) const noexcept;
  /// The step from `place`, which has `same` bytes in common with the search's place, to one that has more than `best`
  /// (no fewer than `same`); or from the search's place once more, by the kInner bytes of which the last is the one
  /// behind those.
  [[nodiscard]] Leap leap_behind(const Search& search, std::uint32_t same, std::uint32_t best,
                                 std::uint32_t place) const noexcept;
  /// True if the encoder does not get to `place`, which is in its chain: it compares too few places.
  [[nodiscard]] bool is_beyond(const Search& search, std::uint32_t place) const noexcept;
  /// What a search has found, and the length that a match has to exceed; at the limit the search is over.
  struct Found {
    Match match;
    std::uint32_t best;
  };
  /// The first of the longest matches that are longer than the shortest. `ByGain`: of those that gain more.
  template <bool ByGain>
  [[nodiscard]] Match search_long(const Search& search);
  /// Goes on after `place`, whose match has `length` and is longer than all before.
  template <bool ByGain>
  [[nodiscard]] Found after_longer(const Search& search, Found found, std::uint32_t place, std::uint32_t length);
  /// The nearest of the shortest matches.
  [[nodiscard]] Match search_short(const Search& search);
  /// The last of those that gain more than all before them, if it is longer than `than`.
  /// `may_be_long`: there may be some that are longer than the shortest.
  [[nodiscard]] Match search_gain(Search search, std::uint32_t than, bool may_be_long);
  [[nodiscard]] bool is_gain(std::uint32_t length, std::uint32_t distance);
  /// `best`, or more: no match with `place`, or one before it, that is not longer gains more than those found so far.
  [[nodiscard]] std::uint32_t without_gain(const Search& search, std::uint32_t best, std::uint32_t place);

  ChainRules rules_;
  Text text_;
  Bounds bounds_;
  std::uint32_t member_ = 0;
  std::uint32_t first_ = 0;            ///< where a match may begin: at the member's beginning, or one byte behind it
  std::uint32_t inserted_ = 0;         ///< all places before it are in their chains
  std::uint32_t insert_at_ = 0;        ///< a search here, or behind it, needs more of them
  std::uint32_t slid_ = 0;             ///< what heads are less than places by
  std::unique_ptr<MatchGains> gains_;  ///< of an encoder that looks at what matches save
  int gain_ = 0;                       ///< of the best match of a search
  int short_gain_ = 0;                 ///< of the nearest of the shortest
  std::uint32_t short_distance_ = 0;
  std::uint64_t effort_;  ///< how many places may still be compared: a hostile recipe must not take hours
  Heads heads_;
  Heads inner_heads_;
  // By place, modulo kPlaces. A step says how far back the one before is in a chain; beyond kReach it is no step.
  std::vector<std::uint16_t> steps_;        ///< of the encoder's chain
  std::vector<std::uint16_t> inner_steps_;  ///< of the inner one, that of a hash of one more byte
  std::vector<std::uint16_t> numbers_;      ///< in the encoder's chain, modulo 2^16
};

extern template class LazyPredictor<ChainHash::Zlib>;
extern template class LazyPredictor<ChainHash::Go>;
extern template class LazyPredictor<ChainHash::Klauspost>;

}  // namespace ociferry::recipe
