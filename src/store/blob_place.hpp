#pragma once

#include <cstdint>
#include <stop_token>

#include "medium/writable_medium.hpp"
#include "store/piece_map.hpp"

namespace ociferry {

/// The range of a medium that takes one blob, from `offset` on. Thread-safe, for different bytes.
struct BlobPlace {
  WritableMedium& medium;
  std::uint64_t offset;

  /// Writes `bytes` at the position `at` of the blob. Throws Error{Space}, Error{Io}.
  void write(std::uint64_t at, Bytes bytes) const;
  /// Updates `hasher` with `bytes`, which are at the position `at` of the blob, and the medium's own sums.
  void hash(std::uint64_t at, Bytes bytes, Hasher& hasher) const;
  /// Reads those of `piece` into `sink`. Throws Error{Interrupted}, Error{Io}, Error{Corrupt} if the medium ends
  /// before.
  void read(const Piece& piece, ByteSink& sink, const std::stop_token& stop) const;
  /// How many of the blob's first `size` bytes were written, as far as can be told without its digest: those before the
  /// first hole, less the zeros that they end with, which media without holes have in its place. Throws Error.
  [[nodiscard]] std::uint64_t written(std::uint64_t size) const;
  /// True if the medium knows of a hole within `piece`.
  [[nodiscard]] bool has_hole(const Piece& piece) const;
};

}  // namespace ociferry
