#pragma once

#include <cstddef>

#include "recipe/gzip_recipe.hpp"

namespace ociferry {

/// Chooses the predictor of a stream while its pieces come: by the first one, and again by a later one that tells far
/// more about the encoder. So a layer that begins with what cannot be compressed, or with zeros, is foreseen as well as
/// any other. What it chooses depends on the pieces only.
class PredictorChoice {
 public:
  /// The predictor for `piece`, the next one of the stream; `history` as in recipe_of. Takes a few tenths of a
  /// second where it chooses, which happens a few times in a stream.
  [[nodiscard]] Predictor next(const GzipPiece& piece, Bytes history);

 private:
  Predictor predictor_;
  bool has_chosen_ = false;
  std::size_t told_ = 0;  ///< by the piece that it was chosen by
};

}  // namespace ociferry
