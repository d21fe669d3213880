#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "recipe/deflate.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// The most unpacked bytes of a piece.
inline constexpr std::size_t kPieceBytes = std::size_t{3} * 1024 * 1024;
/// A piece ends with the first block that ends after this number of unpacked bytes; a block that extends beyond
/// kPieceBytes is divided.
inline constexpr std::size_t kUsualPieceBytes = std::size_t{2} * 1024 * 1024;
/// How many unpacked bytes before a piece its recipe depends on.
inline constexpr std::size_t kPieceHistory = 32768;

/// A run of a gzip stream: its unpacked bytes, and all else that is needed to write it again.
struct GzipPiece {
  std::vector<std::byte> plain;
  recipe::Parts parts;
};

/// Takes a gzip stream (RFC 1952) apart: any number of members and whatever follows the last one. Checksums are not
/// compared: they are kept. Memory is constant (about 25 MiB with a piece).
class GzipParser {
 public:
  /// `gzip` must outlive this.
  explicit GzipParser(ByteSource& gzip);
  ~GzipParser();

  /// The next piece; nullopt at the end. Blocks as `gzip` does. Throws Error (Corrupt) for what is no gzip stream or
  /// ends early, and what `gzip` throws; after that it must not be called again.
  [[nodiscard]] std::optional<GzipPiece> next();

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// Which encoder a piece is compared with. A small value; as good for the later pieces as for the first.
struct Predictor {
  enum class Kind : std::uint8_t { Chains = 0, Zlib = 1, Go = 2, Klauspost = 3 };
  Kind kind = Kind::Chains;
  std::uint8_t level = 0;  ///< the encoder's; of Chains: one of three depths
  bool operator==(const Predictor&) const = default;
};

/// The predictor that suits a stream best, found by trying on one of its pieces; `history` as in recipe_of. Takes a few
/// tenths of a second.
[[nodiscard]] Predictor choose_predictor(const GzipPiece& piece, Bytes history);

/// What gives back the compressed bytes of `piece`, beside its unpacked bytes: docs/recipe-format.md. `history` is the
/// unpacked bytes before the piece, of which the last kPieceHistory are used, in all members. Any thread.
[[nodiscard]] std::vector<std::byte> recipe_of(const GzipPiece& piece, Bytes history, const Predictor& predictor);

/// Compressed data that may end inside a byte. The unused bits of the last byte are 0.
struct BitRun {
  std::vector<std::byte> bytes;
  std::uint64_t bits = 0;
};

/// The compressed bytes again, from what `recipe_of` gave and took. Any thread. The recipe may be hostile: memory and
/// time are bounded by the sizes of `recipe` and `plain`. Throws Error (Corrupt, or Hostile for a recipe of a newer
/// version); a recipe that is damaged without being noticed gives other bytes.
[[nodiscard]] BitRun rebuilt(Bytes recipe, Bytes plain, Bytes history);

/// Joins the runs of a stream's pieces, in order, to bytes.
class BitRunJoiner {
 public:
  /// `out` must outlive this.
  explicit BitRunJoiner(ByteSink& out) : out_(out) {}
  /// Blocks as `out` does.
  void append(const BitRun& run);
  /// Call once, after the last run. Throws Error (Corrupt) if that does not end with a byte.
  void finish();

 private:
  ByteSink& out_;
  std::uint32_t pending_ = 0;
  unsigned pending_bits_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace ociferry
