#include "recipe/token_predictor.hpp"

#include "ociferry/error.hpp"
#include "recipe/go_fast_predictor.hpp"
#include "recipe/greedy_predictor.hpp"
#include "recipe/klauspost_predictor.hpp"
#include "recipe/lazy_predictor.hpp"

namespace ociferry::recipe {

namespace {

/// Added to a level: the stream consists of jobs, as pgzip makes them.
constexpr std::uint8_t kInJobs = 16;
constexpr std::uint32_t kJobHistory = 16384;

std::unique_ptr<TokenPredictor> make_chain_predictor(const ChainRules& rules, const Text& text) {
  if (rules.lazy > 0) return std::make_unique<LazyPredictor>(rules, text);
  if (rules.shortest == 3) return std::make_unique<GreedyPredictor<3>>(rules, text);
  return std::make_unique<GreedyPredictor<4>>(rules, text);
}

}  // namespace

std::unique_ptr<TokenPredictor> make_predictor(const Predictor& predictor, const Text& text) {
  switch (predictor.kind) {
    case Predictor::Kind::Chains:
    case Predictor::Kind::Zlib: return make_chain_predictor(chain_rules(predictor), text);
    case Predictor::Kind::Go:
      if (predictor.level == 1) return std::make_unique<GoFastPredictor>(text);
      return make_chain_predictor(chain_rules(predictor), text);
    case Predictor::Kind::Klauspost:
      if (predictor.level == 5) return std::make_unique<KlauspostPredictor>(text, 0);
      if (predictor.level == 5 + kInJobs) return std::make_unique<KlauspostPredictor>(text, kJobHistory);
      break;
  }
  throw Error(ErrorCode::Hostile, "a recipe needs a newer ociferry").hint("use the release that wrote it");
}

}  // namespace ociferry::recipe
