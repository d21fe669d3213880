#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace ociferry {

/// The password on standard input, without the newline at its end. Blocks until the input ends.
/// Throws Error{Usage} naming `option` if there is none, if it is too long, or if standard input is a terminal.
[[nodiscard]] std::string read_password_from_stdin(std::string_view option);

/// Whether what is typed shows on the terminal.
enum class Echo { On, Off };

/// Asks for `what` ("Password") on the terminal that standard input is, and returns the line that is typed. Blocks
/// until then; the terminal is as before in any case. Throws Error{Usage} if standard input is no terminal or nothing
/// is typed, and Error{Interrupted} when `stop` is requested.
[[nodiscard]] std::string ask_on_terminal(std::string_view what, Echo echo, const std::stop_token& stop);

/// Asks `question` on the terminal that standard input is, and returns the line that is typed, which may be empty;
/// nullopt at the end of input. Blocks until then. Throws Error{Interrupted} when `stop` is requested.
[[nodiscard]] std::optional<std::string> ask_line(std::string_view question, const std::stop_token& stop);

}  // namespace ociferry
