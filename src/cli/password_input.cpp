#include "cli/password_input.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "base/stop.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "credentials/limits.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// Reads available bytes from standard input; empty at the end.
std::string read_some() {
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading from standard input", errno);
    return {buffer.data(), static_cast<std::size_t>(got)};
  }
}

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
    pollfd waiting{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, 100);
    throw_if_stopped(stop);
    if (ready <= 0) continue;
    const std::string more = read_some();
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
  std::string password;
  for (std::string more = read_some(); !more.empty(); more = read_some()) {
    password += more;
    if (password.size() > limits::kTokenBytes) throw unusable("standard input holds more than a password");
  }
  drop_line_end(password);
  if (password.empty()) throw unusable("standard input holds no password");
  return password;
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
