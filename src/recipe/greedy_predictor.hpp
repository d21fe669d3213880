#pragma once

#include <vector>

#include "recipe/chain_rules.hpp"
#include "recipe/token_predictor.hpp"

namespace ociferry::recipe {

/// Foresees the tokens of an encoder that keeps chains of places with the same hash, and that takes the match it finds
/// at once. Of a longer match only the first place is inserted, so the chains depend on the tokens.
template <ChainHash Hash>
class GreedyPredictor : public TokenPredictor {
 public:
  GreedyPredictor(const ChainRules& rules, const Text& text);

  void begin_member(std::uint32_t at) override { member_ = at; }
  void begin_block(const Bounds& bounds, std::uint32_t at) override;
  [[nodiscard]] Token foresee(std::uint32_t at) override;
  void take(std::uint32_t at, Token token) override;
  void pass(std::uint32_t /*at*/, std::uint32_t /*bytes*/) override {}

 private:
  void insert_until(std::uint32_t end) noexcept;
  void learn_anew(std::uint32_t at);
  /// The first of the longest matches at `at`, from `place` on.
  [[nodiscard]] Token search(std::uint32_t at, std::uint32_t place);

  ChainRules rules_;
  Text text_;
  Bounds bounds_;
  std::uint32_t member_ = 0;
  std::uint32_t inserted_ = 0;        ///< all places before it are in their chains, or will never be
  std::uint64_t effort_;              ///< how many places may still be compared: a hostile recipe must not take hours
  std::vector<std::uint32_t> heads_;  ///< by hash: 1 + the last place
  std::vector<std::uint16_t> steps_;  ///< how far back the one before is in its chain, modulo kReach; 0: too far
};

extern template class GreedyPredictor<ChainHash::Zlib>;
extern template class GreedyPredictor<ChainHash::Go>;

}  // namespace ociferry::recipe
