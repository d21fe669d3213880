#include "support/terminal.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace ociferry::testing {

Terminal::Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
  REQUIRE(static_cast<bool>(master_));
  REQUIRE(::grantpt(master_.get()) == 0);
  REQUIRE(::unlockpt(master_.get()) == 0);
  std::array<char, 64> name{};
  REQUIRE(::ptsname_r(master_.get(), name.data(), name.size()) == 0);
  name_ = name.data();
  slave_ = UniqueFd(::open(name_.c_str(), O_RDWR | O_NOCTTY));
  REQUIRE(static_cast<bool>(slave_));
}

bool Terminal::shows_what_is_typed() const {
  termios settings{};
  return ::tcgetattr(slave_.get(), &settings) == 0 && (settings.c_lflag & static_cast<tcflag_t>(ECHO)) != 0;
}

void Terminal::type(const std::string& line) const { write_full(master_.get(), as_bytes(line + "\n"), name_); }

std::string Terminal::shown() const {
  // What is written comes in parts, in order: all of it is there when what is written now is.
  constexpr char kEnd = '\x1F';
  write_full(slave_.get(), as_bytes(std::string(1, kEnd)), name_);
  std::string all;
  while (all.find(kEnd) == std::string::npos) {
    std::array<char, 4096> buffer{};
    const ssize_t got = ::read(master_.get(), buffer.data(), buffer.size());
    REQUIRE(got > 0);
    all.append(buffer.data(), static_cast<std::size_t>(got));
  }
  std::erase(all, kEnd);
  return all;
}

}  // namespace ociferry::testing
