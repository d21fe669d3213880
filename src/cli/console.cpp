#include "cli/console.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "cli/error_text.hpp"

namespace ociferry {

namespace {

using namespace std::chrono_literals;

constexpr auto kQuietFor = 1s;                 // shorter work needs no progress
constexpr auto kLiveEvery = 200ms;             // how often the line on a terminal is rewritten
constexpr auto kLogEvery = 10s;                // how often a line goes to a log
constexpr std::size_t kLineBytes = 64 * 1024;  // longer lines of foreign text are cut

/// A block's lines made safe, its newlines kept.
std::string safe_block(std::string_view text) {
  std::string out;
  while (true) {
    const auto end = text.find('\n');
    out += text::printable(text.substr(0, end), std::string_view::npos);
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
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

Console::Console(ConsoleOptions options) : options_(std::move(options)) {}

Console::~Console() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    clear_live_line();
  }
  wake_.notify_all();
  if (watcher_.joinable()) watcher_.join();
}

void Console::to_stdout(std::string_view text) {
  clear_live_line();
  write_full(options_.out, as_bytes(text), "standard output");
  gap_due_ = true;
}

void Console::result(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (options_.json) return collected_.add_line(line);
  to_stdout(text::printable(line, kLineBytes) + "\n");
}

void Console::block(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (options_.json) return collected_.add_block(text);
  to_stdout(safe_block(text));
}

void Console::table(const Table& table) {
  const Table shown = with_columns(table, options_.columns);
  const std::lock_guard lock(mutex_);
  if (options_.json) return collected_.add_table(table_json(shown));
  to_stdout(options_.show_lines ? aligned_text(shown, options_.emphasis) : tabbed_text(shown));
}

void Console::document(Json json) {
  const std::lock_guard lock(mutex_);
  document_ = std::move(json);
}

void Console::line(std::string_view line) {
  if (options_.json && line.empty()) return;  // a gap for the eye
  if (options_.show_lines || options_.json) result(line);
}

void Console::closing_line(std::string_view line) {
  this->line(line);
  const std::lock_guard lock(mutex_);
  gap_due_ = false;
}

void Console::succeeded() {
  finish_progress();
  if (options_.show_lines && !options_.json) {
    const std::lock_guard lock(mutex_);
    if (gap_due_) to_stdout("\n");  // an empty line, or the end of a block's last line
  }
  line("Succeeded");
}

void Console::end() {
  const std::lock_guard lock(mutex_);
  if (!options_.json || std::exchange(printed_, true)) return;
  if (document_ && !collected_.has_error()) {
    to_stdout(document_->dump_pretty() + "\n");
  } else if (!collected_.empty()) {
    to_stdout(collected_.text());
  }
}

void Console::to_stderr(std::string_view text) {
  try {
    write_full(options_.err, as_bytes(text), "standard error");
  } catch (const Error&) {
    // There is nowhere left to say that standard error is gone; the exit code still tells the outcome.
  }
}

void Console::warn(std::string_view line) {
  const std::lock_guard lock(mutex_);
  clear_live_line();
  to_stderr(fmt::format("Warning: {}\n", safe_message(line)));
}

void Console::remark(std::string_view line) {
  const std::lock_guard lock(mutex_);
  clear_live_line();
  to_stderr(fmt::format("{}\n", safe_message(line)));
}

void Console::debug(std::string_view line) {
  if (!options_.debug) return;
  const std::lock_guard lock(mutex_);
  clear_live_line();
  to_stderr(fmt::format("debug: {}\n", safe_message(line)));
}

void Console::error(const Error& error, int exit_code) {
  finish_progress();
  const std::lock_guard lock(mutex_);
  const bool as_imgpkg = options_.error_form == ErrorForm::Imgpkg;
  to_stderr(as_imgpkg ? imgpkg_error_text(options_.program, error) : error_text(options_.program, error));
  if (options_.json) collected_.set_error(error_json(error, exit_code));
}

void Console::phase(std::string_view name, std::uint64_t total_bytes) {
  const std::lock_guard lock(mutex_);
  clear_live_line();
  phase_ = name;
  total_ = static_cast<std::int64_t>(total_bytes);
  moved_ = 0;
  phase_begin_ = last_shown_ = Clock::now();
  if (!watcher_.joinable()) watcher_ = std::thread([this] { watch(); });
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
  if (total_ == 0) return safe_message(phase_);
  const double seconds = std::chrono::duration<double>(now - phase_begin_).count();
  const double rate = static_cast<double>(moved_) / seconds;
  std::string text = fmt::format("{}: {} of {}, {}/s", safe_message(phase_), human(moved_), human(total_),
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
