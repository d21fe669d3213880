#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/page_cache.hpp"
#include "store/piece_map.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// A place in an open file that takes one blob. Thread-safe, for different bytes.
struct FilePlace {
  int fd;
  std::uint64_t offset;
  const std::string& name;          ///< of the file, for messages
  PageCacheHints* hints = nullptr;  ///< may be null

  /// Writes `bytes` at the position `at` of the blob. Throws Error{Space}, Error{Io}.
  void write(std::uint64_t at, Bytes bytes) const;
  /// Reads those of `piece` into `sink`. Throws Error{Interrupted}, Error{Io}, Error{Corrupt} if the file ends before.
  void read(const Piece& piece, ByteSink& sink, const std::stop_token& stop) const;
  /// How many of the blob's first `size` bytes were written, as far as can be told without its digest: those before the
  /// first hole, less the zeros that they end with, which file systems without holes have in its place. Throws Error.
  [[nodiscard]] std::uint64_t written(std::uint64_t size) const;
  /// True if the file system knows of a hole within `piece`.
  [[nodiscard]] bool has_hole(const Piece& piece) const;
};

}  // namespace ociferry
