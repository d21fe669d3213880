#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace ociferry {

/// A stream of bytes to read once, from beginning to end. Used by one thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills the front of `buffer` and returns how many bytes; 0 only at the end (or for an empty buffer).
  /// May block on disk or network. Throws Error; after that the source must not be read again.
  [[nodiscard]] virtual std::size_t read(MutableBytes buffer) = 0;
};

/// Receives a stream of bytes. Used by one thread at a time.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// Writes all of `bytes`. May block. Throws Error; after that the sink must not be written again.
  virtual void write(Bytes bytes) = 0;
};

}  // namespace ociferry
