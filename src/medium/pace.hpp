#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

namespace ociferry {

/// A medium that has become slower, in bytes a second of its own time.
struct Slowdown {
  std::uint64_t at_first = 0;
  std::uint64_t at_last = 0;
  std::chrono::seconds lasting{0};  ///< for so long, up to the end
};

/// Compares how fast a medium is with how fast it was at first in the same run. It is told of the time in which the
/// medium was at work, so that waiting for something else does not count. Not thread-safe.
class Pace {
 public:
  /// The medium moved `bytes` bytes, and was at work for `busy`.
  void add(std::uint64_t bytes, std::chrono::nanoseconds busy);
  /// If it moved, in its last ten seconds of work or more, less than a third of what it had moved in as much time in
  /// its first five; else nullopt.
  [[nodiscard]] std::optional<Slowdown> slowdown() const;

 private:
  struct Span {
    std::uint64_t bytes = 0;
    std::chrono::nanoseconds busy{0};
  };
  Span first_;
  std::deque<Span> last_;  ///< the spans of the last ten seconds or more
  Span last_sum_;
};

/// Measures the time in which at least one of many calls was at work. Thread-safe.
class BusyTime {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;
  explicit BusyTime(Now now = std::chrono::steady_clock::now) : now_(std::move(now)) {}

  void begin();
  /// Ends one of the calls that have begun; it moved `bytes` bytes.
  void end(std::uint64_t bytes);

  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::chrono::nanoseconds busy() const;
  [[nodiscard]] std::optional<Slowdown> slowdown() const;

 private:
  Now now_;
  mutable std::mutex mutex_;
  std::size_t running_ = 0;
  std::chrono::steady_clock::time_point mark_{};
  std::uint64_t bytes_ = 0;
  std::chrono::nanoseconds busy_{0};
  Pace pace_;
};

}  // namespace ociferry
