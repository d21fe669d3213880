#include "cli/password_input.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

std::string read_password_from_stdin() {
  const auto unusable = [](const char* why) {
    return Error(ErrorCode::Usage, why).hint("for example: ociferry ... --registry-password-stdin < password-file");
  };
  if (::isatty(STDIN_FILENO) == 1) throw unusable("--registry-password-stdin does not read from a terminal");
  std::string password;
  for (;;) {
    std::array<char, 4096> buffer{};
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading the password from standard input", errno);
    if (got == 0) break;
    password.append(buffer.data(), static_cast<std::size_t>(got));
    if (password.size() > limits::kTokenBytes) throw unusable("standard input holds more than a password");
  }
  if (password.ends_with('\n')) password.pop_back();
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty()) throw unusable("standard input holds no password");
  return password;
}

}  // namespace ociferry
