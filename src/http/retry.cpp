#include "http/retry.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>

#include "base/stop.hpp"
#include "base/text.hpp"
#include "http/limits.hpp"

namespace ociferry {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

seconds bounded(seconds pause) { return std::clamp(pause, seconds{0}, limits::kRetryAfter); }

/// The delay that a 429 or 503 requests; other statuses are not about the whole server.
std::optional<seconds> asked_pause(const Response* answer, const Clock& clock) {
  if (answer == nullptr || (answer->status != 429 && answer->status != 503)) return std::nullopt;
  const auto value = answer->headers.find("Retry-After");
  return value ? parse_retry_after(*value, clock.calendar()) : std::nullopt;
}

bool tells_to_wait(int status, std::optional<seconds> asked) { return status == 429 || (asked && *asked > seconds{0}); }

}  // namespace

std::optional<std::chrono::sys_seconds> parse_http_date(const std::string& value) {
  // libcurl would also take a day without a time, or a number.
  if (value.find(':') == std::string::npos) return std::nullopt;
  const std::time_t time = ::curl_getdate(value.c_str(), nullptr);
  return time == -1 ? std::nullopt : std::optional(std::chrono::sys_seconds(seconds(time)));
}

milliseconds RetryPolicy::delay(int repetition, std::optional<seconds> retry_after, double jitter) const {
  const int doublings = std::clamp(repetition - 1, 0, 20);
  const milliseconds range = std::min(std::max(longest_delay, first_delay), first_delay * (1 << doublings));
  const milliseconds spread{std::llround(static_cast<double>(range.count()) * std::clamp(jitter, 0.0, 1.0))};
  if (!retry_after) return spread;
  // Jitter keeps the threads from retrying at the same moment.
  return milliseconds(bounded(*retry_after)) + std::min(spread, milliseconds{1000});
}

bool is_transient_status(int status) noexcept {
  switch (status) {
    case 408:
    case 425:
    case 429:
    case 499:
    case 500:
    case 502:
    case 503:
    case 504:
    case 522: return true;
    default: return false;
  }
}

std::optional<seconds> parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now) {
  const std::string_view text = text::trim(value);
  if (!text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    return parsed.ec == std::errc{} ? bounded(seconds{std::min<std::int64_t>(number, 1'000'000)}) : limits::kRetryAfter;
  }
  const auto date = parse_http_date(std::string(text));
  if (!date) return std::nullopt;
  return bounded(*date - std::chrono::floor<seconds>(now));
}

Retrier::Attempts::Attempts(Attempts&& other) noexcept
    : retrier_(other.retrier_),
      way_(std::move(other.way_)),
      made_(other.made_),
      failures_(other.failures_),
      pauses_(other.pauses_),
      waited_(other.waited_),
      begun_(std::exchange(other.begun_, std::nullopt)) {}

void Retrier::Attempts::begin(std::stop_token stop) {
  retrier_.wait_out_pause(way_.first, stop);
  if (way_.second != Lane::Free) {
    begun_ = retrier_.enter(way_, stop);
    // While this thread waited, another request may have started a pause.
    retrier_.wait_out_pause(way_.first, stop);
  }
  ++made_;
}

bool Retrier::Attempts::again(std::string_view why, const Response* answer, std::stop_token stop) {
  const int status = answer == nullptr ? 0 : answer->status;
  const bool too_much = status == 429 || status == 503;
  const bool was_answered = answer != nullptr && !is_transient_status(status);
  leave(too_much       ? FlightLimit::Outcome::TooMuch
        : was_answered ? FlightLimit::Outcome::Answered
                       : FlightLimit::Outcome::Abandoned);
  const auto asked = asked_pause(answer, retrier_.clock_);
  const bool told_to_wait = tells_to_wait(status, asked);
  const int repetition = 1 + (told_to_wait ? pauses_++ : failures_);
  const milliseconds delay = retrier_.policy_.delay(repetition, asked, retrier_.jitter());
  if (!may_repeat(delay, told_to_wait)) return false;
  if (told_to_wait) retrier_.pause(way_.first, delay);
  retrier_.progress_.debug(text::cat("trying again in ", delay.count(), " ms: ", why));
  const std::string peer = to_string(way_.first);
  retrier_.progress_.wait({.peer = peer, .reason = why, .requested = told_to_wait, .time = delay});
  retrier_.clock_.sleep_until(retrier_.clock_.now() + delay, std::move(stop));
  return true;
}

bool Retrier::Attempts::again_if_told(std::string_view why, const Response& answer, std::stop_token stop) {
  return tells_to_wait(answer.status, asked_pause(&answer, retrier_.clock_)) && again(why, &answer, std::move(stop));
}

/// Requested delays do not count as failures, until they have taken too long in total.
bool Retrier::Attempts::may_repeat(milliseconds delay, bool told_to_wait) {
  if (retrier_.policy_.retries <= 0) return false;
  if (told_to_wait && waited_ + delay <= retrier_.policy_.rate_limit_wait) {
    waited_ += delay;
    return true;
  }
  return ++failures_ <= retrier_.policy_.retries;
}

void Retrier::Attempts::leave(FlightLimit::Outcome outcome) noexcept {
  if (!begun_) return;
  retrier_.leave(way_, *begun_, outcome);
  begun_.reset();
}

void Retrier::pause(const Origin& origin, milliseconds time) {
  const auto until = clock_.now() + time;
  const std::lock_guard lock(mutex_);
  auto& paused = paused_[origin];
  paused = std::max(paused, until);
}

void Retrier::wait_out_pause(const Origin& origin, const std::stop_token& stop) {
  auto until = std::chrono::steady_clock::time_point::min();
  {
    const std::lock_guard lock(mutex_);
    const auto found = paused_.find(origin);
    if (found != paused_.end()) until = found->second;
  }
  if (until > clock_.now() || stop.stop_requested()) clock_.sleep_until(until, stop);
}

FlightLimit::Epoch Retrier::enter(const std::pair<Origin, Lane>& way, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  FlightLimit& flight = flights_[way];
  left_.wait(lock, stop, [&] { return flight.may_begin(); });
  throw_if_stopped(stop);
  return flight.begin();
}

void Retrier::leave(const std::pair<Origin, Lane>& way, FlightLimit::Epoch begun, FlightLimit::Outcome outcome) {
  std::size_t lowered = 0;
  {
    const std::lock_guard lock(mutex_);
    FlightLimit& flight = flights_[way];
    if (flight.end(begun, outcome)) lowered = flight.limit();
  }
  left_.notify_all();
  if (lowered > 0) progress_.debug(text::cat("at most ", lowered, " requests at a time to ", to_string(way.first)));
}

double Retrier::jitter() {
  const std::lock_guard lock(mutex_);
  return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

}  // namespace ociferry
