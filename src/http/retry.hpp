#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "http/clock.hpp"
#include "http/flight_limit.hpp"
#include "http/limits.hpp"
#include "http/transport.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

/// Number and delay of retries: exponential back-off with full jitter. Pure.
struct RetryPolicy {
  int retries = 5;
  std::chrono::milliseconds first_delay{500};
  std::chrono::milliseconds longest_delay{30'000};
  /// How long one operation waits in total for a server that limits the rate, before that counts as a failure.
  std::chrono::milliseconds rate_limit_wait{900'000};

  /// The delay before retry number `repetition` (from 1). `jitter` in [0,1] picks a point of the range; at least what
  /// the server requested, up to limits::kRetryAfter.
  [[nodiscard]] std::chrono::milliseconds delay(int repetition, std::optional<std::chrono::seconds> retry_after,
                                                double jitter) const;
};

/// True for statuses for which a retry may succeed: 408, 425, 429, 499, 500, 502, 503, 504, 522.
[[nodiscard]] bool is_transient_status(int status) noexcept;

/// The time of an HTTP date (RFC 9110 section 5.6.7); nullopt if malformed. In seconds: finer clocks do not reach the
/// year 9999, which some servers use for "never".
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_http_date(const std::string& value);

/// The delay of a Retry-After value (RFC 9110 section 10.2.3): seconds or an HTTP date, at most limits::kRetryAfter; 0
/// for a date in the past, nullopt if malformed.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                                    std::chrono::system_clock::time_point now);

/// Applies a RetryPolicy for all threads that share it: when a server limits the rate, all requests to it pause, and
/// fewer of them run concurrently from then on (FlightLimit).
class Retrier {
 public:
  /// Requests are limited by lane. Writes may wait for the reads that feed them, never the reverse. Free: not limited,
  /// for small requests that others depend on.
  enum class Lane { Free, Read, Write };

  /// `clock` and `progress` must outlive it.
  Retrier(RetryPolicy policy, Clock& clock, Progress& progress) : policy_(policy), clock_(clock), progress_(progress) {}

  /// The attempts of one operation. Used by one thread.
  class Attempts {
   public:
    Attempts(Attempts&& other) noexcept;
    Attempts(const Attempts&) = delete;
    Attempts& operator=(const Attempts&) = delete;
    ~Attempts() { leave(FlightLimit::Outcome::Answered); }
    /// Waits while requests to the server pause or are at their limit, then counts an attempt. Throws
    /// Error{Interrupted}.
    void begin(std::stop_token stop);
    /// An attempt failed: waits and returns true if retries are left, else returns false.
    [[nodiscard]] bool again(std::string_view why, const Response* answer, std::stop_token stop);
    /// Like `again`, but retries only if the server limits the rate (429; 503 with Retry-After): for requests with a
    /// substitute.
    [[nodiscard]] bool again_if_told(std::string_view why, const Response& answer, std::stop_token stop);
    /// The operation made progress: earlier failures no longer count.
    void reset_failures() noexcept { failures_ = 0; }
    [[nodiscard]] int made() const noexcept { return made_; }

   private:
    friend class Retrier;
    Attempts(Retrier& retrier, Origin origin, Lane lane) : retrier_(retrier), way_(std::move(origin), lane) {}
    [[nodiscard]] bool may_repeat(std::chrono::milliseconds delay, bool told_to_wait);
    void leave(FlightLimit::Outcome outcome) noexcept;

    Retrier& retrier_;
    std::pair<Origin, Lane> way_;
    int made_ = 0;
    int failures_ = 0;
    int pauses_ = 0;
    std::chrono::milliseconds waited_{0};      ///< because of rate limits
    std::optional<FlightLimit::Epoch> begun_;  ///< an attempt is under way
  };

  /// The attempts of one operation at `origin`. At most one of each lane in a thread at a time.
  [[nodiscard]] Attempts attempts(Origin origin, Lane lane = Lane::Free) { return {*this, std::move(origin), lane}; }
  [[nodiscard]] Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] Progress& progress() const noexcept { return progress_; }

 private:
  void pause(const Origin& origin, std::chrono::milliseconds time);
  void wait_out_pause(const Origin& origin, const std::stop_token& stop);
  [[nodiscard]] FlightLimit::Epoch enter(const std::pair<Origin, Lane>& way, const std::stop_token& stop);
  void leave(const std::pair<Origin, Lane>& way, FlightLimit::Epoch begun, FlightLimit::Outcome outcome);
  [[nodiscard]] double jitter();

  RetryPolicy policy_;
  Clock& clock_;
  Progress& progress_;
  std::mutex mutex_;
  std::minstd_rand random_{std::random_device{}()};
  std::map<Origin, std::chrono::steady_clock::time_point> paused_;
  std::map<std::pair<Origin, Lane>, FlightLimit> flights_;
  std::condition_variable_any left_;
};

}  // namespace ociferry
