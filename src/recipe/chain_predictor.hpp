#pragma once

#include <vector>

#include "recipe/token_predictor.hpp"

namespace ociferry::recipe {

/// What an encoder with hash chains does at one of its levels.
struct ChainRules {
  Predictor::Kind kind = Predictor::Kind::Chains;
  std::uint32_t shortest = 3;         ///< match, and the bytes that are hashed: 3 or 4
  std::uint32_t good = 0;             ///< behind a match of so many bytes, a quarter of the chain is followed
  std::uint32_t lazy = 0;             ///< a shorter match waits for a longer one at the next byte; 0: none does
  std::uint32_t nice = 258;           ///< a match of so many bytes ends the search
  std::uint32_t chain = 0;            ///< how many places are compared
  std::uint32_t reach = 32768;        ///< the largest distance of all places but the nearest
  std::uint32_t first_reach = 32768;  ///< ... of the nearest
  std::uint32_t near = 32768;         ///< the largest distance of a shortest match
  std::uint32_t inserted = 258;       ///< without lazy: of longer matches only the first byte gets into a chain
  bool first_byte = true;             ///< a match may begin at the first byte of a member
};

/// The rules for `predictor`, whose kind is Chains, Zlib or Go. Throws Error (Hostile) if there are none.
[[nodiscard]] ChainRules chain_rules(const Predictor& predictor);

/// Foresees the tokens of an encoder that keeps chains of places with the same hash.
class ChainPredictor : public TokenPredictor {
 public:
  ChainPredictor(const ChainRules& rules, const Text& text);

  void begin_member(std::uint32_t at) override { member_ = at; }
  void begin_block(const Bounds& bounds, std::uint32_t at) override;
  [[nodiscard]] Token foresee(std::uint32_t at) override;
  void take(std::uint32_t at, Token token) override;
  void pass(std::uint32_t at, std::uint32_t bytes) override;

 private:
  struct Match {
    std::uint32_t length = 0;
    std::uint32_t distance = 0;
  };

  /// Where a place is in the chain of its hash, and in that of the hash of one more byte.
  struct Place {
    std::uint16_t number = 0;     ///< in the former, modulo 2^16
    std::uint16_t long_step = 0;  ///< how far back the one before is in the latter; 0: too far
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

  [[nodiscard]] std::uint32_t hash(std::uint32_t at) const noexcept;
  [[nodiscard]] std::uint32_t long_hash(std::uint32_t at) const noexcept;
  void insert(std::uint32_t at) noexcept;
  void insert_until(std::uint32_t end) noexcept;
  void learn_anew(std::uint32_t at);
  /// The first of the longest matches at `at` that are longer than `than`; of length 0 if there is none.
  [[nodiscard]] Match search(std::uint32_t at, std::uint32_t than);
  /// ... of those that are longer than the shortest; they are in the chain of a longer hash, which is shorter.
  [[nodiscard]] Match search_long(Search& search);
  /// ... the nearest of the shortest.
  [[nodiscard]] Match search_short(const Search& search);
  [[nodiscard]] bool spend_effort() noexcept;

  ChainRules rules_;
  Text text_;
  Bounds bounds_;
  std::uint32_t member_ = 0;
  std::uint32_t inserted_ = 0;  ///< all places before it are in their chains, or will never be
  std::uint32_t known_at_ = ~0U;
  Match known_;          ///< the match at known_at_
  bool waited_ = false;  ///< the last foreseen literal is due to `later_` being longer
  Match later_;
  std::uint64_t effort_;              ///< how many places may still be compared
  std::vector<std::uint32_t> heads_;  ///< by hash: 1 + the last place
  std::vector<std::uint32_t> long_heads_;
  std::vector<Place> places_;
  std::vector<std::uint16_t> steps_;  ///< how far back the one before is in the former; 0: too far
};

}  // namespace ociferry::recipe
