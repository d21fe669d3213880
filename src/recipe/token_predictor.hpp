#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "recipe/gzip_recipe.hpp"

namespace ociferry::recipe {

/// The unpacked bytes that tokens stand for: some history, then those of a piece. Behind them are kTextPadding zeros,
/// so that words may be read anywhere. `at` is an index into them; a *place* is an earlier index, from which a
/// match may copy.
struct Text {
  const std::byte* bytes = nullptr;
  std::uint32_t begin = 0;  ///< of the piece
  std::uint32_t end = 0;
};
inline constexpr std::size_t kTextPadding = 16;

/// How far things go at a position.
struct Bounds {
  std::uint32_t member = 0;    ///< matches begin here or behind it
  std::uint32_t block = 0;     ///< no token goes on behind it
  std::uint32_t input = 0;     ///< the encoder saw no bytes behind it when it made the token
  bool only_literals = false;  ///< the block has no match
};

/// Predicts the tokens of an encoder: for each token, `foresee` and then `take` with the actual one. The same calls
/// give the same results on every machine.
class TokenPredictor {
 public:
  virtual ~TokenPredictor() = default;
  /// A member begins at `at`: what is before it cannot be matched.
  virtual void begin_member(std::uint32_t at) = 0;
  /// A block of tokens begins.
  virtual void begin_block(const Bounds& bounds, std::uint32_t at) = 0;
  /// The token at `at`, which lies in the block.
  [[nodiscard]] virtual Token foresee(std::uint32_t at) = 0;
  /// The actual token.
  virtual void take(std::uint32_t at, Token token) = 0;
  /// Bytes from `at` on went into a stored block.
  virtual void pass(std::uint32_t at, std::uint32_t bytes) = 0;
};

/// Throws Error (Hostile) for a predictor that this version does not have.
[[nodiscard]] std::unique_ptr<TokenPredictor> make_predictor(const Predictor& predictor, const Text& text);

}  // namespace ociferry::recipe
