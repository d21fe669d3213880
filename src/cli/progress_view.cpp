#include "cli/progress_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "cli/display_width.hpp"
#include "cli/error_text.hpp"

namespace ociferry {

namespace {

using namespace std::chrono_literals;

constexpr auto kWindow = 15s;  // the rate is measured over this time
constexpr auto kBetweenSamples = 100ms;
constexpr auto kWorthALine = 2s;    // shorter pauses are not reported
constexpr auto kLongerEnough = 1s;  // a pause is reported again if it is this much longer

std::string human(std::int64_t bytes) {
  return text::human_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0)));
}

std::string duration(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

std::string_view without_scheme(std::string_view peer) {
  const auto end = peer.find("://");
  return end == std::string_view::npos ? peer : peer.substr(end + 3);
}

std::int64_t whole_seconds(ProgressView::Clock::duration time) {
  return std::chrono::ceil<std::chrono::seconds>(time).count();
}

}  // namespace

void ProgressView::begin(std::string_view phase, std::uint64_t total_bytes, Time now) {
  phase_ = phase;
  total_ = static_cast<std::int64_t>(total_bytes);
  moved_ = skipped_ = 0;
  begun_ = now;
  samples_ = {{now, 0}};
}

void ProgressView::end() { phase_.clear(); }

void ProgressView::advance(std::int64_t bytes) { moved_ += bytes; }

void ProgressView::skip(std::int64_t bytes) { skipped_ += bytes; }

bool ProgressView::wait(const Wait& wait, Time now) {
  const Time until = now + wait.time;
  if (until <= wait_until_ + kLongerEnough && now < wait_until_) return false;
  wait_until_ = until;
  wait_peer_ = safe_message(without_scheme(wait.peer));
  wait_reason_ = safe_message(wait.reason);
  wait_requested_ = wait.requested;
  return wait.time >= kWorthALine;
}

void ProgressView::sample(Time now) {
  if (!is_active() || now - samples_.back().first < kBetweenSamples) return;
  samples_.emplace_back(now, moved_);
  while (samples_.size() > 2 && now - samples_[1].first >= kWindow) samples_.pop_front();
}

int ProgressView::percent() const {
  const std::int64_t done = std::clamp<std::int64_t>(moved_ + skipped_, 0, total_);
  return static_cast<int>(static_cast<double>(done) / static_cast<double>(total_) * 100);
}

/// Transferred bytes a second.
std::int64_t ProgressView::rate(Time now) const {
  if (samples_.empty()) return 0;
  const auto& [since, before] = samples_.front();
  const double seconds = std::chrono::duration<double>(now - since).count();
  return seconds <= 0 ? 0 : static_cast<std::int64_t>(static_cast<double>(moved_ - before) / seconds);
}

std::optional<std::int64_t> ProgressView::seconds_left(Time now) const {
  const std::int64_t left = total_ - moved_ - skipped_;
  const std::int64_t speed = rate(now);
  if (total_ == 0 || left <= 0 || speed <= 0) return std::nullopt;
  return left / speed;
}

std::string ProgressView::wait_text(Time now) const {
  if (!is_waiting(now)) return "";
  const std::string time = duration(whole_seconds(wait_until_ - now));
  if (wait_requested_) return fmt::format("{} asks to wait {}", wait_peer_, time);
  return fmt::format("{} failed, trying again in {}", wait_peer_, time);
}

/// The text after the progress.
std::string ProgressView::tail(Time now) const {
  if (is_waiting(now)) return ", " + wait_text(now);
  if (total_ == 0) return "";
  const auto left = seconds_left(now);
  return fmt::format(", {}/s{}", human(rate(now)), left ? fmt::format(", {} left", duration(*left)) : "");
}

std::string ProgressView::text(Time now, std::size_t columns) const {
  const std::string name = safe_message(phase_);
  if (!is_active()) return cut_to_width(wait_text(now), columns);
  const std::string end = tail(now);
  if (total_ == 0) {
    const std::string all = name + end;
    return cut_to_width(display_width(all) <= columns ? all : name, columns);
  }
  const std::string far = fmt::format("{}%", percent());
  const std::string amounts = fmt::format(" ({} of {})", human(moved_ + skipped_), human(total_));
  const std::string brief = is_waiting(now) ? far + end : name + ": " + far;
  for (const std::string& line : {name + ": " + far + amounts + end, name + ": " + far + end, brief}) {
    if (display_width(line) <= columns) return line;
  }
  const std::size_t rest = columns - std::min(columns, far.size() + 2);
  return cut_to_width(rest < 6 ? far : cut_to_width(name, rest) + ": " + far, columns);
}

Json::Object ProgressView::json(Time now) const {
  Json::Object object = {{"phase", phase_}};
  if (total_ > 0) {
    object.emplace_back("totalBytes", total_);
    object.emplace_back("doneBytes", moved_ + skipped_);
    object.emplace_back("movedBytes", moved_);
    object.emplace_back("bytesPerSecond", rate(now));
    if (const auto left = seconds_left(now)) object.emplace_back("secondsLeft", *left);
  }
  return object;
}

}  // namespace ociferry
