#pragma once

#include <cstdint>
#include <string_view>

#include "cli/arguments.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

/// Bytes as GNU's tools read them: "1000000", "512M" and "512MiB" (powers of 1024), "512MB" (of 1000); from 1 byte to
/// 4 EiB. Throws Error{Usage}.
[[nodiscard]] std::uint64_t parse_size(std::string_view text);

/// The --max-* options.
void declare_limits(Arguments& arguments);
/// What they say; the defaults where they are not given. Throws Error{Usage}.
[[nodiscard]] UnpackLimits read_limits(const Arguments& arguments);

}  // namespace ociferry
