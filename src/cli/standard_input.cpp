#include "cli/standard_input.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/stop.hpp"
#include "base/system_error.hpp"

namespace ociferry {

std::string read_some_input(const std::stop_token& stop) {
  std::array<char, 4096> buffer{};
  for (;;) {
    pollfd waiting{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, 100);
    throw_if_stopped(stop);
    if (ready <= 0) continue;
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading from standard input", errno);
    return {buffer.data(), static_cast<std::size_t>(got)};
  }
}

std::optional<std::string> read_standard_input(std::uint64_t limit, const std::stop_token& stop) {
  std::string text;
  for (std::string more = read_some_input(stop); !more.empty(); more = read_some_input(stop)) {
    text += more;
    if (text.size() > limit) return std::nullopt;
  }
  return text;
}

}  // namespace ociferry
