#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "oci/json.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

/// Computes and formats the progress. Times are passed by the caller. Not thread-safe.
class ProgressView {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  void begin(std::string_view phase, std::uint64_t total_bytes, Time now);
  /// Ends the last phase.
  void end();
  void advance(std::int64_t bytes);
  void skip(std::int64_t bytes);
  /// True if a line should be printed: the phase takes long, and longer than at the last line.
  bool wait(const Wait& wait, Time now);
  /// Call it regularly, so that the rate is that of the last seconds.
  void sample(Time now);

  [[nodiscard]] bool is_active() const { return !phase_.empty(); }
  [[nodiscard]] bool is_waiting(Time now) const { return now < wait_until_; }
  [[nodiscard]] Time begun() const { return begun_; }

  /// One line of at most `columns` columns. Safe for terminals.
  [[nodiscard]] std::string text(Time now, std::size_t columns = std::string::npos) const;
  /// The current pause: "reg.example asks to wait 12 s". Empty if none.
  [[nodiscard]] std::string wait_text(Time now) const;
  /// The members of an event "progress", as the manual describes it.
  [[nodiscard]] Json::Object json(Time now) const;

 private:
  [[nodiscard]] int percent() const;
  [[nodiscard]] std::int64_t rate(Time now) const;
  [[nodiscard]] std::optional<std::int64_t> seconds_left(Time now) const;
  [[nodiscard]] std::string tail(Time now) const;

  std::string phase_;
  std::int64_t total_ = 0;
  std::int64_t moved_ = 0;    ///< in this phase
  std::int64_t skipped_ = 0;  ///< in this phase
  Time begun_{};
  std::deque<std::pair<Time, std::int64_t>> samples_;  ///< progress over time
  Time wait_until_{};
  std::string wait_peer_;
  std::string wait_reason_;
  bool wait_requested_ = false;
};

}  // namespace ociferry
