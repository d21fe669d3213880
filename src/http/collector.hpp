#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "base/bytes.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// Buffers a body into larger writes: TLS records have at most 16 KiB, and hashing and writing each of them costs more.
/// A slow body is passed on without delay. Used by one thread.
class Collector {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::size_t kPiece = 128 * 1024;
  static constexpr std::chrono::milliseconds kLongest{50};  ///< the longest time that a byte is buffered

  /// `sink` must outlive this.
  explicit Collector(ByteSink& sink) noexcept : sink_(sink) {}

  /// Adds bytes that arrived at `now`. Throws what the sink throws.
  void take(Bytes bytes, Time now);
  /// Flushes the buffer. Throws what the sink throws.
  void finish();

 private:
  ByteSink& sink_;
  std::vector<std::byte> kept_;
  Time passed_on_ = {};
};

}  // namespace ociferry
