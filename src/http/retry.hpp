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

/// How often and after which pauses a request is repeated: exponential back-off with full jitter. A pure function.
struct RetryPolicy {
  int retries = 5;
  std::chrono::milliseconds first_delay{500};
  std::chrono::milliseconds longest_delay{30'000};
  /// How long one operation waits, altogether, for a server that tells it to come back later, before that counts as
  /// failing.
  std::chrono::milliseconds rate_limit_wait{900'000};

  /// The pause before repetition number `repetition` (from 1). `jitter` in [0,1] picks a point of the range;
  /// what the server asked for is the least, up to limits::kRetryAfter.
  [[nodiscard]] std::chrono::milliseconds delay(int repetition, std::optional<std::chrono::seconds> retry_after,
                                                double jitter) const;
};

/// True for statuses that may pass if the request is repeated: 408, 425, 429, 499, 500, 502, 503, 504, 522.
[[nodiscard]] bool is_transient_status(int status) noexcept;

/// The time of an HTTP date (RFC 9110 section 5.6.7); nullopt if it is none. In seconds: finer clocks do not reach the
/// year 9999, which some servers name for "never".
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_http_date(const std::string& value);

/// The pause that a Retry-After value asks for (RFC 9110 section 10.2.3): seconds or an HTTP date, cut to
/// limits::kRetryAfter; a past date is no pause, junk is nullopt.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                                    std::chrono::system_clock::time_point now);

/// Applies a RetryPolicy for all threads that share it: when a server asks for a pause, all requests to it pause, and
/// fewer of them are made at the same time from then on (FlightLimit).
class Retrier {
 public:
  /// What is counted together when requests at the same time are limited. Writes may wait for reads, which feed them,
  /// never the other way round; so that none waits for itself, small questions that any request may have are free.
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
    /// Waits while the server asked for a pause or has enough requests, then counts an attempt. Throws
    /// Error{Interrupted}.
    void begin(std::stop_token stop);
    /// An attempt failed: waits and returns true if another may be made, false if the budget is spent.
    [[nodiscard]] bool again(std::string_view why, const Response* answer, std::stop_token stop);
    /// As `again`, but false as well if the server did not ask to be left alone for a while (429; 503 with a pause):
    /// for requests that something else takes the place of when they fail.
    [[nodiscard]] bool again_if_told(std::string_view why, const Response& answer, std::stop_token stop);
    /// The operation got on: earlier failures no longer count.
    void got_on() noexcept { failures_ = 0; }
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
    std::chrono::milliseconds waited_{0};      ///< for a server that told us to
    std::optional<FlightLimit::Epoch> begun_;  ///< an attempt is under way
  };

  /// The attempts of one operation at `origin`. Not while another of the same lane is under way in the same thread.
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
