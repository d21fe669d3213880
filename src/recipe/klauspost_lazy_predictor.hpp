#pragma once

#include "recipe/lazy_predictor.hpp"

namespace ociferry::recipe {

/// Levels 7 to 9 of github.com/klauspost/compress: chains, a second look at the ends of matches, and strides where no
/// matches are found.
class KlauspostLazyPredictor : public LazyPredictor<ChainHash::Klauspost> {
 public:
  using LazyPredictor::LazyPredictor;

  void begin_member(std::uint32_t at) override;
  [[nodiscard]] Token foresee(std::uint32_t at) override;
  void take(std::uint32_t at, Token token) override;

 private:
  [[nodiscard]] Match with_end(const Match& match, std::uint32_t at) const;

  std::uint32_t literals_ = 0;    ///< since the last match was found
  std::uint32_t stride_end_ = 0;  ///< before it, nothing is looked for
};

}  // namespace ociferry::recipe
