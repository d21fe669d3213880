#include "recipe/token_predictor.hpp"

#include "ociferry/error.hpp"
#include "recipe/chain_predictor.hpp"

namespace ociferry::recipe {

std::unique_ptr<TokenPredictor> make_predictor(const Predictor& predictor, const Text& text) {
  switch (predictor.kind) {
    case Predictor::Kind::Chains:
    case Predictor::Kind::Zlib:
    case Predictor::Kind::Go: return std::make_unique<ChainPredictor>(chain_rules(predictor), text);
    case Predictor::Kind::Klauspost: break;
  }
  throw Error(ErrorCode::Hostile, "a recipe needs a newer ociferry").hint("use the release that wrote it");
}

}  // namespace ociferry::recipe
