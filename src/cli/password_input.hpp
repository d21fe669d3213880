#pragma once

#include <string>

namespace ociferry {

/// The password on standard input, without the newline at its end. Blocks until the input ends.
/// Throws Error{Usage} if there is none, if it is too long, or if standard input is a terminal.
[[nodiscard]] std::string read_password_from_stdin();

}  // namespace ociferry
