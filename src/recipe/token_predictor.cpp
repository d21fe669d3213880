#include "recipe/token_predictor.hpp"

#include "ociferry/error.hpp"
#include "recipe/go_fast_predictor.hpp"
#include "recipe/greedy_predictor.hpp"
#include "recipe/klauspost_fast_predictor.hpp"
#include "recipe/klauspost_long_predictor.hpp"
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

std::unique_ptr<TokenPredictor> make_klauspost_predictor(unsigned level, const Text& text) {
  const std::uint32_t job_history = level >= kInJobs ? kJobHistory : 0;
  level %= kInJobs;
  if (level >= 1 && level <= 3) return std::make_unique<KlauspostFastPredictor>(level, text, job_history);
  if (level >= 4 && level <= 6) return std::make_unique<KlauspostLongPredictor>(level, text, job_history);
  return nullptr;
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
      if (auto made = make_klauspost_predictor(predictor.level, text)) return made;
      break;
  }
  throw Error(ErrorCode::Hostile, "a recipe needs a newer ociferry").hint("use the release that wrote it");
}

}  // namespace ociferry::recipe
