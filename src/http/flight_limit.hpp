#pragma once

#include <cstddef>
#include <limits>

namespace ociferry {

/// The number of concurrent requests to a server: unlimited until it rejects one as too many; then half of those under
/// way, and one more after every few successes (additive increase, multiplicative decrease, as in TCP). Pure; the
/// caller locks.
class FlightLimit {
 public:
  /// So that one slow layer never blocks all others.
  static constexpr std::size_t kLeast = 2;
  /// Requests that must succeed before one more is allowed.
  static constexpr std::size_t kStep = 8;
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

  /// The number of decreases before a request began: rejections of requests from before a decrease count as one.
  using Epoch = std::size_t;
  enum class Outcome {
    Answered,   ///< the server handled it, whatever the status
    TooMuch,    ///< 429 or 503
    Abandoned,  ///< unknown: the connection broke, or the request was stopped
  };

  [[nodiscard]] bool may_begin() const noexcept { return in_flight_ < limit_; }
  /// Call only if `may_begin`. Pass the result to `end`.
  Epoch begin() noexcept;
  /// Returns true if the limit was lowered.
  bool end(Epoch begun, Outcome outcome) noexcept;
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

 private:
  void grow() noexcept;

  std::size_t limit_ = kUnlimited;
  std::size_t in_flight_ = 0;
  std::size_t succeeded_ = 0;
  std::size_t before_ = 0;  ///< under way when the limit was first lowered; the limit is removed above that
  Epoch epoch_ = 0;
};

}  // namespace ociferry
