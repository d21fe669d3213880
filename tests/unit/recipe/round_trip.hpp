#pragma once

#include <optional>
#include <string>
#include <vector>

#include "recipe/gzip_recipe.hpp"
#include "recipe/predictor_choice.hpp"
#include "stream/memory.hpp"

namespace ociferry::testing {

inline constexpr std::uint64_t kTripLimit = std::uint64_t{1} << 30;

/// What became of a gzip stream that was taken apart and put together.
struct Trip {
  std::string plain;
  std::string gzip;
  std::vector<std::vector<std::byte>> recipes;
  Predictor predictor;            ///< of the last piece
  std::size_t largest_piece = 0;  ///< in unpacked bytes
  [[nodiscard]] std::size_t recipe_bytes() const {
    std::size_t sum = 0;
    for (const auto& recipe : recipes) sum += recipe.size();
    return sum;
  }
};

/// The last kPieceHistory bytes of `plain`.
[[nodiscard]] inline Bytes history_of(const std::string& plain) {
  const Bytes all = as_bytes(plain);
  return all.size() > kPieceHistory ? all.last(kPieceHistory) : all;
}

/// Throws Error for what is no gzip stream.
[[nodiscard]] inline Trip round_trip(const std::string& gzip, std::optional<Predictor> predictor = std::nullopt) {
  StringSource source(gzip);
  GzipParser parser(source);
  PredictorChoice predictors;
  Trip trip;
  StringSink out(kTripLimit);
  BitRunJoiner joiner(out);
  while (const std::optional<GzipPiece> piece = parser.next()) {
    trip.predictor = predictor ? *predictor : predictors.next(*piece, history_of(trip.plain));
    trip.recipes.push_back(recipe_of(*piece, history_of(trip.plain), trip.predictor));
    joiner.append(rebuilt(trip.recipes.back(), piece->plain, history_of(trip.plain)));
    trip.plain += as_text(piece->plain);
    trip.largest_piece = std::max(trip.largest_piece, piece->plain.size());
  }
  joiner.finish();
  trip.gzip = std::move(out.content);
  return trip;
}

}  // namespace ociferry::testing
