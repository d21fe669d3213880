#pragma once

#include <cstddef>
#include <limits>

namespace ociferry {

/// How many requests a server is asked at the same time: as many as there are, until it says that they are too many;
/// then half of what were under way, and one more after every few that went well (additive increase, multiplicative
/// decrease, as TCP does). Pure; the caller locks.
class FlightLimit {
 public:
  /// So that one slow layer never holds up all others.
  static constexpr std::size_t kLeast = 2;
  /// Requests that must go well before one more is allowed.
  static constexpr std::size_t kStep = 8;
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

  /// Which decrease a request was begun after: all that were under way at one count as one complaint.
  using Epoch = std::size_t;
  enum class Outcome {
    Answered,   ///< the server coped with it, whatever it answered
    TooMuch,    ///< 429 or 503
    Abandoned,  ///< nothing is known: the connection broke, or we stopped
  };

  [[nodiscard]] bool may_begin() const noexcept { return in_flight_ < limit_; }
  /// Call only if `may_begin`. The result goes to `end`.
  Epoch begin() noexcept;
  /// Returns true if the limit was lowered.
  bool end(Epoch begun, Outcome outcome) noexcept;
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

 private:
  void grow() noexcept;

  std::size_t limit_ = kUnlimited;
  std::size_t in_flight_ = 0;
  std::size_t went_well_ = 0;
  std::size_t before_ = 0;  ///< how many were under way when the limit was first lowered: no need to limit beyond
  Epoch epoch_ = 0;
};

}  // namespace ociferry
