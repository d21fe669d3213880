#include "cli/console.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "base/threads.hpp"
#include "cli/error_text.hpp"
#include "cli/results.hpp"
#include "cli/transfer_output.hpp"

namespace ociferry {

namespace {

constexpr std::chrono::milliseconds kTick{200};  // how often progress is updated
constexpr std::size_t kLineBytes = 64 * 1024;    // longer lines of foreign text are cut

/// Makes the lines of a block safe; keeps its newlines.
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

/// True for what stands in the place of a standard output that was closed.
bool is_read_only(int fd) { return (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY; }

}  // namespace

Console::Console(ConsoleOptions options)
    : options_(std::move(options)),
      collected_(options_.error_form == ErrorForm::Imgpkg ? CalledAs::Imgpkg : CalledAs::Ociferry, options_.command),
      progress_(options_.progress, options_.err, [this](std::string_view text) { to_stderr(text); }) {}

Console::~Console() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    progress_.clear();
  }
  wake_.notify_all();
  if (watcher_.joinable()) watcher_.join();
}

void Console::to_stdout(std::string_view text) {
  progress_.clear();
  try {
    write_full(options_.out, as_bytes(text), "standard output");
  } catch (Error& error) {
    if (is_read_only(options_.out)) error.hint("standard output is closed (>&-): give it a file, a pipe or /dev/null");
    throw;
  }
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

void Console::raw(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  to_stdout(bytes);
}

void Console::table(const Table& table) {
  const Table shown = with_columns(table, options_.columns);
  const std::lock_guard lock(mutex_);
  if (options_.json) return collected_.add_table(table_json(shown));
  to_stdout(options_.show_lines ? aligned_text(shown, options_.emphasis) : tabbed_text(shown));
}

void Console::document(Json::Object members) {
  const std::lock_guard lock(mutex_);
  collected_.set_members(std::move(members));
}

void Console::line(std::string_view line) {
  if (options_.json && line.empty()) return;  // only for readability
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
  if (const std::string text = collected_.text(); !text.empty()) to_stdout(text);
}

void Console::to_stderr(std::string_view text) {
  try {
    write_full(options_.err, as_bytes(text), "standard error");
  } catch (const Error&) {
    // Standard error is gone; the exit code still shows the result.
  }
}

/// A line on standard error, with a prefix for people and as an event for programs.
void Console::say(std::string_view event, std::string_view prefix, std::string_view line) {
  const std::lock_guard lock(mutex_);
  progress_.clear();
  if (event == "warning") collected_.add_warning(line);
  if (options_.progress == ProgressForm::Json) return progress_.event(event, {{"message", line}});
  to_stderr(fmt::format("{}{}\n", prefix, safe_message(line)));
}

void Console::warn(std::string_view line) { say("warning", "Warning: ", line); }

void Console::remark(std::string_view line) { say("warning", "", line); }

void Console::moved(const MovedTag& tag) {
  if (options_.error_form == ErrorForm::Imgpkg) return;
  {
    const std::lock_guard lock(mutex_);
    collected_.add_moved_tag(moved_tag_json(tag));
  }
  warn(moved_line(tag));
}

void Console::debug(std::string_view line) {
  if (options_.debug) say("debug", "debug: ", line);
}

void Console::error(const Error& error, int exit_code) {
  finish_progress();
  const std::lock_guard lock(mutex_);
  const bool as_imgpkg = options_.error_form == ErrorForm::Imgpkg;
  if (options_.progress == ProgressForm::Json) {
    progress_.event("error", {{"error", error_json(error, exit_code)}});
  } else {
    to_stderr(as_imgpkg ? imgpkg_error_text(options_.program, error) : error_text(options_.program, error));
  }
  if (options_.json) collected_.set_error(error_json(error, exit_code));
}

void Console::phase(std::string_view name, std::uint64_t total_bytes) {
  const std::lock_guard lock(mutex_);
  progress_.phase(name, total_bytes, ProgressOutput::Clock::now());
  ensure_watcher();
}

void Console::advance(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  progress_.advance(bytes);
  if (!watcher_.joinable()) progress_.tick(ProgressOutput::Clock::now());  // no thread was available
}

void Console::skip(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  progress_.skip(bytes);
}

void Console::wait(const Wait& wait) {
  const std::lock_guard lock(mutex_);
  progress_.wait(wait, ProgressOutput::Clock::now());
  ensure_watcher();
}

void Console::finish_progress() {
  {
    const std::lock_guard lock(mutex_);
    progress_.finish(ProgressOutput::Clock::now());
  }
  if (were_threads_refused() && !std::exchange(told_of_threads_, true)) {
    warn("the system allowed fewer threads than requested (ulimit -u, or a container's limit): this may take longer");
  }
}

void Console::ensure_watcher() {
  if (options_.progress == ProgressForm::None || watcher_.joinable() || were_threads_refused()) return;
  watcher_ = start_thread([this] { watch(); });
}

void Console::watch() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kTick, [this] { return ended_; })) progress_.tick(ProgressOutput::Clock::now());
}

}  // namespace ociferry
