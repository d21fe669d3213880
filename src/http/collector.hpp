#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "base/bytes.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// Makes large pieces of a body that comes in small ones: TLS gives out records of at most 16 KiB, and to hash and
/// write each of them costs more. What comes slowly is passed on as it comes. Used by one thread.
class Collector {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::size_t kPiece = 128 * 1024;
  static constexpr std::chrono::milliseconds kLongest{50};  ///< that a byte is kept

  /// `sink` must outlive this.
  explicit Collector(ByteSink& sink) noexcept : sink_(sink) {}

  /// Takes bytes that came at `now`. Throws what the sink throws.
  void take(Bytes bytes, Time now);
  /// Passes on what is left. Throws what the sink throws.
  void finish();

 private:
  ByteSink& sink_;
  std::vector<std::byte> kept_;
  Time passed_on_ = {};
};

}  // namespace ociferry
