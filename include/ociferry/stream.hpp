#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace ociferry {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

/// A stream of bytes that is read once, from its beginning to its end. Used by one thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills the front of `buffer` and returns how many bytes; 0 only at the end (or for an empty buffer).
  /// May block on disk or network. Throws Error; after that the source must not be read again.
  [[nodiscard]] virtual std::size_t read(MutableBytes buffer) = 0;
};

/// Takes a stream of bytes. Used by one thread at a time.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// Takes all of `bytes`. May block. Throws Error; after that the sink must not be written again.
  virtual void write(Bytes bytes) = 0;
};

[[nodiscard]] inline Bytes as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
[[nodiscard]] inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace ociferry
