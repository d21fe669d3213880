#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ociferry/ferry.hpp"

namespace ociferry {

/// A reference that was given without an option, as a source of either kind. Throws Error{Usage} for the name of a file
/// that exists: it was meant for an option.
[[nodiscard]] SourceArgument plain_source(const std::string& word);

/// The references in `text`, a plain list: one a line; blank lines and what follows a '#' at the beginning of a line or
/// after a space are left out. Throws Error{Usage} naming `file` and the line for what is no reference, and if there is
/// none.
[[nodiscard]] std::vector<SourceArgument> parse_images_list(std::string_view text, const std::string& file);

/// The same of a file, or of standard input if it is "-". Blocks. Throws Error{Usage} also if it is too large;
/// Error{Io}, Error{NotFound}, Error{Interrupted}.
[[nodiscard]] std::vector<SourceArgument> read_images_file(const std::string& file, const std::stop_token& stop);

}  // namespace ociferry
