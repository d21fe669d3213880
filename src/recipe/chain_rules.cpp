#include "recipe/chain_rules.hpp"

#include <array>

#include "ociferry/error.hpp"

namespace ociferry::recipe {

namespace {

struct Level {
  std::uint16_t good, lazy, nice, chain, inserted;
};

// zlib's levels 1 to 9, which are also GNU gzip's and pigz's.
constexpr std::array<Level, 9> kZlibLevels = {{{4, 0, 8, 4, 4},
                                               {4, 0, 16, 8, 5},
                                               {4, 0, 32, 32, 6},
                                               {4, 4, 16, 16, 0},
                                               {8, 16, 32, 32, 0},
                                               {8, 16, 128, 128, 0},
                                               {8, 32, 128, 256, 0},
                                               {32, 128, 258, 1024, 0},
                                               {32, 258, 258, 4096, 0}}};
// Levels 2 to 9 of Go's compress/flate.
constexpr std::array<Level, 8> kGoLevels = {{{0, 0, 16, 8, 5},
                                             {0, 0, 32, 32, 6},
                                             {0, 4, 16, 16, 0},
                                             {0, 16, 32, 32, 0},
                                             {0, 16, 128, 128, 0},
                                             {0, 32, 128, 256, 0},
                                             {0, 128, 258, 1024, 0},
                                             {0, 258, 258, 4096, 0}}};
// Levels 7 to 9 of github.com/klauspost/compress.
constexpr std::array<Level, 3> kKlauspostLevels = {{{0, 12, 16, 24, 0}, {0, 30, 40, 64, 0}, {0, 258, 258, 1024, 0}}};
// Encoders of no known kind.
constexpr std::array<Level, 3> kPlainLevels = {{{0, 0, 258, 8, 258}, {0, 258, 258, 32, 0}, {0, 258, 258, 256, 0}}};

ChainRules rules_of(const Level& level) {
  ChainRules rules;
  rules.good = level.good;
  rules.lazy = level.lazy;
  rules.nice = level.nice;
  rules.chain = level.chain;
  rules.inserted = level.inserted;
  return rules;
}

}  // namespace

ChainRules chain_rules(const Predictor& predictor) {
  const auto level = [&](const auto& levels, std::size_t first) {
    if (predictor.level < first || predictor.level - first >= levels.size()) {
      throw Error(ErrorCode::Hostile, "a recipe needs a newer ociferry").hint("use the release that wrote it");
    }
    return rules_of(levels[predictor.level - first]);
  };
  if (predictor.kind == Predictor::Kind::Zlib) {
    ChainRules rules = level(kZlibLevels, 1);
    rules.kind = Predictor::Kind::Zlib;
    rules.first_reach = kReach - 262;
    rules.reach = rules.first_reach - 1;
    if (rules.lazy > 0) rules.near = 4096;
    rules.first_byte = false;
    return rules;
  }
  if (predictor.kind == Predictor::Kind::Go) {
    ChainRules rules = level(kGoLevels, 2);
    rules.hash = ChainHash::Go;
    rules.shortest = 4;
    rules.near = 4096;
    return rules;
  }
  if (predictor.kind == Predictor::Kind::Klauspost) {
    ChainRules rules = level(kKlauspostLevels, 7);
    rules.hash = ChainHash::Klauspost;
    rules.by_gain = rules.chain >= 100;
    rules.shortest = 4;
    return rules;
  }
  return level(kPlainLevels, 0);
}

}  // namespace ociferry::recipe
