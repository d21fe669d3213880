#include "cli/console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace ociferry {

namespace {

using namespace std::chrono_literals;

constexpr auto kQuietFor = 1s;                    // shorter work needs no progress
constexpr auto kLiveEvery = 200ms;                // how often the line on a terminal is rewritten
constexpr auto kLogEvery = 10s;                   // how often a line goes to a log
constexpr std::string_view kListItem = "\n  - ";  // lists in messages of our own making

/// A message whose list items stay on lines of their own while every piece of foreign text is made safe.
std::string safe(std::string_view message) {
  std::string out;
  while (true) {
    const auto item = message.find(kListItem);
    out += text::printable(message.substr(0, item), 64 * 1024);
    if (item == std::string_view::npos) return out;
    out += kListItem;
    message.remove_prefix(item + kListItem.size());
  }
}

std::string duration(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

std::string human(std::int64_t bytes) {
  return text::human_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0)));
}

}  // namespace

Console::Console(ConsoleOptions options) : options_(std::move(options)), watcher_([this] { watch(); }) {}

Console::~Console() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    clear_live_line();
  }
  wake_.notify_all();
  watcher_.join();
}

void Console::raw_result(std::string_view text) {
  const std::lock_guard lock(mutex_);
  clear_live_line();
  write_full(STDOUT_FILENO, as_bytes(text), "standard output");
}

void Console::result(std::string_view line) { raw_result(text::printable(line, 64 * 1024) + "\n"); }

void Console::line(std::string_view line) {
  if (options_.show_lines) result(line);
}

void Console::to_stderr(std::string_view text) {
  try {
    write_full(STDERR_FILENO, as_bytes(text), "standard error");
  } catch (const Error&) {
    // There is nowhere left to say that standard error is gone; the exit code still tells the outcome.
  }
}

void Console::warn(std::string_view line) {
  const std::lock_guard lock(mutex_);
  clear_live_line();
  to_stderr(fmt::format("Warning: {}\n", safe(line)));
}

void Console::debug(std::string_view line) {
  if (!options_.debug) return;
  const std::lock_guard lock(mutex_);
  clear_live_line();
  to_stderr(fmt::format("debug: {}\n", safe(line)));
}

void Console::error(const Error& error) {
  finish_progress();
  const std::lock_guard lock(mutex_);
  std::string text = fmt::format("{}: Error: {}\n", options_.program, safe(error.message()));
  for (const std::string& context : error.context()) text += fmt::format("  while {}\n", safe(context));
  if (!error.hint_text().empty()) text += fmt::format("  hint: {}\n", safe(error.hint_text()));
  if (error.is_transient() || error.code() == ErrorCode::Network) text += "  running the same command again may help\n";
  to_stderr(text);
}

void Console::phase(std::string_view name, std::uint64_t total_bytes) {
  const std::lock_guard lock(mutex_);
  clear_live_line();
  phase_ = name;
  total_ = static_cast<std::int64_t>(total_bytes);
  moved_ = 0;
  phase_begin_ = last_shown_ = Clock::now();
}

void Console::advance(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  moved_ += bytes;
}

void Console::finish_progress() {
  const std::lock_guard lock(mutex_);
  clear_live_line();
  phase_.clear();
}

void Console::watch() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kLiveEvery, [this] { return ended_; })) {
    const auto now = Clock::now();
    if (phase_.empty() || now - phase_begin_ < kQuietFor) continue;
    if (options_.live_progress || last_shown_ == phase_begin_ || now - last_shown_ >= kLogEvery) show_progress(now);
  }
}

std::string Console::progress_text(Clock::time_point now) const {
  if (total_ == 0) return safe(phase_);
  const double seconds = std::chrono::duration<double>(now - phase_begin_).count();
  const double rate = static_cast<double>(moved_) / seconds;
  std::string text = fmt::format("{}: {} of {}, {}/s", safe(phase_), human(moved_), human(total_),
                                 human(static_cast<std::int64_t>(rate)));
  if (moved_ > 0 && moved_ < total_) {
    text += fmt::format(", {} left", duration(static_cast<std::int64_t>(static_cast<double>(total_ - moved_) / rate)));
  }
  return text;
}

void Console::show_progress(Clock::time_point now) {
  last_shown_ = now;
  if (options_.live_progress) {
    to_stderr(fmt::format("\r\x1b[K{}", progress_text(now)));
    live_line_shown_ = true;
  } else {
    to_stderr(progress_text(now) + "\n");
  }
}

void Console::clear_live_line() {
  if (!live_line_shown_) return;
  to_stderr("\r\x1b[K");
  live_line_shown_ = false;
}

}  // namespace ociferry
