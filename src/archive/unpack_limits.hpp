#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

/// The Error{Hostile} for what exceeds a bound: `what` says what exceeds it and how ("a.tar has more members"),
/// the hint names `option`, which raises it.
[[nodiscard]] Error beyond_limit(std::string_view what, std::uint64_t limit, std::string_view option);

/// Throws that if `bytes` are more than `limits` allow `what` to unpack to.
void check_unpacked_bytes(std::uint64_t bytes, const UnpackLimits& limits, std::string_view what);
/// Throws that if `members` are more than `limits` allow `what` to have.
void check_members(std::uint64_t members, const UnpackLimits& limits, std::string_view what);

}  // namespace ociferry
