#pragma once

#include "recipe/gzip_recipe.hpp"

namespace ociferry::recipe {

/// What decides which places are in the same chain: zlib hashes three bytes, the others four.
enum class ChainHash : std::uint8_t { Zlib, Go, Klauspost };

/// What an encoder with hash chains does at one of its levels. `good`, `lazy`, `nice` and `chain` are what zlib calls
/// good_length, max_lazy, nice_length and max_chain (deflate.c, configuration_table).
struct ChainRules {
  Predictor::Kind kind = Predictor::Kind::Chains;
  ChainHash hash = ChainHash::Zlib;
  std::uint32_t shortest = 3;         ///< match, and the bytes that are hashed
  std::uint32_t good = 0;             ///< after a match of this length, a quarter of the chain is followed
  std::uint32_t lazy = 0;             ///< a shorter match waits for a longer one at the next byte; 0: none does
  std::uint32_t nice = 258;           ///< a match of this length ends the search
  std::uint32_t chain = 0;            ///< how many places are compared
  std::uint32_t reach = 32768;        ///< the largest distance of all places but the nearest
  std::uint32_t first_reach = 32768;  ///< the largest distance of the nearest place
  std::uint32_t near = 32768;         ///< the largest distance of a shortest match
  std::uint32_t inserted = 258;       ///< without lazy: of longer matches only the first byte gets into a chain
  bool by_gain = false;               ///< a longer match is taken only if it saves more bits, too
  bool first_byte = true;             ///< a match may begin at the first byte of a member
};

/// The rules for `predictor`, of any kind except for fast levels of Go (1) and klauspost (1 to 6). Throws Error
/// (Hostile) if there are none.
[[nodiscard]] ChainRules chain_rules(const Predictor& predictor);

}  // namespace ociferry::recipe
