#include "cli/progress_output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <utility>

#include "cli/error_text.hpp"

namespace ociferry {

namespace {

using namespace std::chrono_literals;

constexpr auto kQuietFor = 1s;  // shorter work needs no progress
constexpr auto kLinesEvery = 10s;
constexpr auto kJsonEvery = 1s;
constexpr int kJsonVersion = 1;
constexpr std::size_t kUsualColumns = 80;

/// The current width of the terminal, less one: some terminals wrap after a character in the last column.
std::size_t usable_columns(int terminal) {
  winsize size{};
  const bool known = ::ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return (known ? size.ws_col : kUsualColumns) - 1;
}

/// A background process does not write to the terminal.
bool is_in_foreground(int terminal) {
  const pid_t group = ::tcgetpgrp(terminal);
  return group < 0 || group == ::getpgrp();
}

}  // namespace

ProgressOutput::ProgressOutput(ProgressForm form, int terminal, Write write)
    : form_(form), terminal_(terminal), write_(std::move(write)) {}

void ProgressOutput::event(std::string_view name, Json::Object members) {
  Json::Object object = {{"version", kJsonVersion}, {"event", name}};
  for (Json::Member& member : members) object.push_back(std::move(member));
  write_(Json(std::move(object)).dump() + "\n");
}

void ProgressOutput::phase(std::string_view name, std::uint64_t total_bytes, Time now) {
  finish(now);
  view_.begin(name, total_bytes, now);
  last_shown_ = now;
  if (form_ == ProgressForm::Json) event("progress", view_.json(now));
}

void ProgressOutput::finish(Time now) {
  clear();
  if (form_ == ProgressForm::Json && view_.is_active()) event("progress", view_.json(now));
  view_.end();
}

void ProgressOutput::wait(const Wait& wait, Time now) {
  const bool is_news = view_.wait(wait, now);
  if (form_ == ProgressForm::Json) {
    event("wait", {{"peer", wait.peer},
                   {"requested", wait.requested},
                   {"milliseconds", static_cast<std::int64_t>(wait.time.count())},
                   {"reason", wait.reason}});
  } else if (form_ == ProgressForm::Lines && is_news) {
    write_(view_.wait_text(now) + " (" + safe_message(wait.reason) + ")\n");
  }
}

bool ProgressOutput::is_due(Time now) const {
  switch (form_) {
    case ProgressForm::None: return false;
    case ProgressForm::Json: return view_.is_active() && now - last_shown_ >= kJsonEvery;
    case ProgressForm::Live:
      return is_in_foreground(terminal_) &&
             (view_.is_active() ? now - view_.begun() >= kQuietFor : view_.is_waiting(now));
    case ProgressForm::Lines: break;
  }
  if (!view_.is_active() || now - view_.begun() < kQuietFor) return false;
  return last_shown_ == view_.begun() || now - last_shown_ >= kLinesEvery;
}

void ProgressOutput::tick(Time now) {
  view_.sample(now);
  if (is_due(now)) {
    show(now);
  } else if (!view_.is_active() && !view_.is_waiting(now)) {
    clear();
  }
}

void ProgressOutput::show(Time now) {
  last_shown_ = now;
  if (form_ == ProgressForm::Json) return event("progress", view_.json(now));
  if (form_ == ProgressForm::Lines) return write_(view_.text(now) + "\n");
  write_("\r\x1b[K" + view_.text(now, usable_columns(terminal_)));
  live_line_shown_ = true;
}

void ProgressOutput::clear() {
  if (!std::exchange(live_line_shown_, false)) return;
  write_("\r\x1b[K");
}

}  // namespace ociferry
