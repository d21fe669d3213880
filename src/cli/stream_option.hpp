#pragma once

#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include "ociferry/streams.hpp"

namespace ociferry {

/// Declares --blocking-factor.
void declare_blocking_factor(Arguments& arguments);

/// Standard output, if `archive` is "-". Throws Error{Usage} for --blocking-factor with another archive.
[[nodiscard]] std::optional<StreamOutput> stream_of(const Arguments& arguments, const std::string& archive);

/// True if standard output gets an archive: then nothing else may go there.
[[nodiscard]] bool fills_standard_output(const Arguments& arguments);

/// Throws Error{Usage} if --output is "-" and the command writes no stream: a file of that name is hardly meant.
void check_output_is_no_stream(const Arguments& arguments);

/// An archive to be written, for messages: "standard output" for "-".
[[nodiscard]] std::string shown_archive(const std::string& archive);

}  // namespace ociferry
