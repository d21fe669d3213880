#include "recipe/token_predictor.hpp"

#include "ociferry/error.hpp"
#include "recipe/go_fast_predictor.hpp"
#include "recipe/greedy_predictor.hpp"
#include "recipe/klauspost_fast_predictor.hpp"
#include "recipe/klauspost_lazy_predictor.hpp"
#include "recipe/klauspost_long_predictor.hpp"
#include "recipe/lazy_predictor.hpp"

namespace ociferry::recipe {

namespace {

/// Added to a level: the stream consists of jobs, as pgzip makes them.
constexpr std::uint8_t kInJobs = 16;
constexpr std::uint32_t kJobHistory = 16384;

std::unique_ptr<TokenPredictor> make_chain_predictor(const ChainRules& rules, const Text& text) {
  const bool is_lazy = rules.lazy > 0;
  if (rules.hash == ChainHash::Zlib) {
    if (is_lazy) return std::make_unique<LazyPredictor<ChainHash::Zlib>>(rules, text);
    return std::make_unique<GreedyPredictor<ChainHash::Zlib>>(rules, text);
  }
  if (is_lazy) return std::make_unique<LazyPredictor<ChainHash::Go>>(rules, text);
  return std::make_unique<GreedyPredictor<ChainHash::Go>>(rules, text);
}

std::unique_ptr<TokenPredictor> make_klauspost_predictor(const Predictor& predictor, const Text& text) {
  const bool in_jobs = predictor.level > kInJobs && predictor.level <= kInJobs + 6;
  const unsigned level = predictor.level - (in_jobs ? kInJobs : 0U);
  const std::uint32_t job_history = in_jobs ? kJobHistory : 0;
  if (level >= 1 && level <= 3) return std::make_unique<KlauspostFastPredictor>(level, text, job_history);
  if (level >= 4 && level <= 6) return std::make_unique<KlauspostLongPredictor>(level, text, job_history);
  return std::make_unique<KlauspostLazyPredictor>(chain_rules(predictor), text);
}

}  // namespace

std::unique_ptr<TokenPredictor> make_predictor(const Predictor& predictor, const Text& text) {
  switch (predictor.kind) {
    case Predictor::Kind::Chains:
    case Predictor::Kind::Zlib: return make_chain_predictor(chain_rules(predictor), text);
    case Predictor::Kind::Go:
      if (predictor.level == 1) return std::make_unique<GoFastPredictor>(text);
      return make_chain_predictor(chain_rules(predictor), text);
    case Predictor::Kind::Klauspost: return make_klauspost_predictor(predictor, text);
  }
  throw Error(ErrorCode::Hostile, "a recipe needs a newer ociferry").hint("use the release that wrote it");
}

}  // namespace ociferry::recipe
