#include "http/retry.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>

#include "base/text.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

seconds bounded(seconds pause) { return std::clamp(pause, seconds{0}, limits::kRetryAfter); }

std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& value) {
  // The preferred format and the two obsolete ones (RFC 9110 section 5.6.7).
  for (const char* format : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* const end = ::strptime(value.c_str(), format, &parts);
    if (end != nullptr && *end == '\0') return std::chrono::system_clock::from_time_t(::timegm(&parts));
  }
  return std::nullopt;
}

/// The pause a 429 or 503 asks for; other statuses say nothing about the whole server.
std::optional<seconds> asked_pause(const Response* answer, const Clock& clock) {
  if (answer == nullptr || (answer->status != 429 && answer->status != 503)) return std::nullopt;
  const auto value = answer->headers.find("Retry-After");
  return value ? parse_retry_after(*value, clock.calendar()) : std::nullopt;
}

}  // namespace

milliseconds RetryPolicy::delay(int repetition, std::optional<seconds> retry_after, double jitter) const {
  const int doublings = std::clamp(repetition - 1, 0, 20);
  const milliseconds range = std::min(longest_delay, first_delay * (1 << doublings));
  const milliseconds spread{std::llround(static_cast<double>(range.count()) * std::clamp(jitter, 0.0, 1.0))};
  if (!retry_after) return spread;
  // A little jitter on top keeps the threads from coming back all at the same moment.
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
  return bounded(std::chrono::ceil<seconds>(*date - now));
}

void Retrier::Attempts::begin(std::stop_token stop) {
  const auto until = retrier_.paused_until(origin_);
  if (until > retrier_.clock_.now() || stop.stop_requested()) retrier_.clock_.sleep_until(until, std::move(stop));
  ++made_;
}

bool Retrier::Attempts::again(std::string_view why, const Response* answer, std::stop_token stop) {
  const auto asked = asked_pause(answer, retrier_.clock_);
  // A server that says when to come back is obeyed without counting, until that has taken too long altogether.
  const bool free = asked && *asked > seconds{0} && asked_ + *asked <= limits::kRetryAfter;
  if (free) asked_ += *asked;
  if (!free && ++failures_ > retrier_.policy_.retries) return false;
  if (retrier_.policy_.retries <= 0) return false;
  const milliseconds delay = retrier_.policy_.delay(std::max(failures_, 1), asked, retrier_.jitter());
  if (asked) retrier_.pause(origin_, delay);
  retrier_.progress_.debug(text::cat("trying again in ", delay.count(), " ms: ", why));
  retrier_.clock_.sleep_until(retrier_.clock_.now() + delay, std::move(stop));
  return true;
}

void Retrier::pause(const Origin& origin, milliseconds time) {
  const auto until = clock_.now() + time;
  const std::lock_guard lock(mutex_);
  auto& paused = paused_[origin];
  paused = std::max(paused, until);
}

std::chrono::steady_clock::time_point Retrier::paused_until(const Origin& origin) {
  const std::lock_guard lock(mutex_);
  const auto found = paused_.find(origin);
  return found == paused_.end() ? std::chrono::steady_clock::time_point::min() : found->second;
}

double Retrier::jitter() {
  const std::lock_guard lock(mutex_);
  return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

}  // namespace ociferry
