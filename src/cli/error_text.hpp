#pragma once

#include <string>
#include <string_view>

#include "oci/json.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

/// An error for people: what, where, why and the next step, on lines of their own. Ends with a newline. Foreign text
/// is made safe, here and in `imgpkg_error_text`.
[[nodiscard]] std::string error_text(std::string_view program, const Error& error);

/// The same as imgpkg says it: "imgpkg: Error: outer: Inner: what", where what follows a colon and begins with a
/// capital letter has a line of its own. There is a hint only where imgpkg has one.
[[nodiscard]] std::string imgpkg_error_text(std::string_view program, const Error& error);

/// `message` with each ": " before a capital letter turned into a new line that is indented two spaces more than
/// the one before; not within brackets, and not at all if brackets do not match.
[[nodiscard]] std::string broken_at_colons(std::string_view message);

/// message, code, exitCode, context, hint and transient. `exit_code` is the one the program ends with.
[[nodiscard]] Json error_json(const Error& error, int exit_code);

/// Foreign text made safe, except that list items of ociferry's own messages stay on lines of their own.
[[nodiscard]] std::string safe_message(std::string_view message);

}  // namespace ociferry
