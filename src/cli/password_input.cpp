#include "cli/password_input.hpp"

#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "base/system_error.hpp"
#include "base/text.hpp"
#include "cli/standard_input.hpp"
#include "credentials/limits.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

void drop_line_end(std::string& line) {
  if (line.ends_with('\n')) line.pop_back();
  if (line.ends_with('\r')) line.pop_back();
}

/// Turns the terminal's echo off during its lifetime.
class HiddenInput {
 public:
  HiddenInput() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) throw system_error("the terminal's settings", errno);
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) != 0) throw system_error("the terminal's settings", errno);
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;
  ~HiddenInput() {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::fputc('\n', stderr);  // the typed one was not echoed
  }

 private:
  termios before_{};
};

std::string read_line(const std::stop_token& stop) {
  std::string line;
  while (!line.ends_with('\n')) {
    const std::string more = read_some_input(stop);
    if (more.empty()) break;
    line += more;
    if (line.size() > limits::kTokenBytes) throw Error(ErrorCode::Usage, "the line is too long");
  }
  drop_line_end(line);
  return line;
}

}  // namespace

std::string read_password_from_stdin(std::string_view option) {
  const auto unusable = [&](std::string_view why) {
    return Error(ErrorCode::Usage, std::string(why))
        .hint(text::cat("for example: ociferry ... ", option, " < password-file"));
  };
  if (::isatty(STDIN_FILENO) == 1) throw unusable(text::cat(option, " does not read from a terminal"));
  std::optional<std::string> input = read_standard_input(limits::kTokenBytes, {});
  if (!input) throw unusable("standard input holds more than a password");
  std::string password = *std::move(input);
  drop_line_end(password);
  if (password.empty()) throw unusable("standard input holds no password");
  return password;
}

std::optional<std::string> ask_line(std::string_view question, const std::stop_token& stop) {
  std::fputs(text::cat(question, ": ").c_str(), stderr);
  std::string line;
  while (!line.ends_with('\n')) {
    const std::string more = read_some_input(stop);
    if (more.empty()) return std::nullopt;
    line += more;
    if (line.size() > limits::kTokenBytes) throw Error(ErrorCode::Usage, "the line is too long");
  }
  drop_line_end(line);
  return line;
}

std::string ask_on_terminal(std::string_view what, Echo echo, const std::stop_token& stop) {
  if (::isatty(STDIN_FILENO) != 1) {
    throw Error(ErrorCode::Usage, text::cat("there is no ", text::lower(what), ", and no terminal to ask for it"))
        .hint("give -u USER and --password-stdin");
  }
  std::optional<HiddenInput> hidden;
  if (echo == Echo::Off) hidden.emplace();
  std::fputs(text::cat(what, ": ").c_str(), stderr);
  std::string line = read_line(stop);
  if (line.empty()) throw Error(ErrorCode::Usage, text::cat("no ", text::lower(what), " was typed"));
  return line;
}

}  // namespace ociferry
