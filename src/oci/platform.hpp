#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ociferry/descriptor.hpp"

namespace ociferry {

/// Parses a platform as users of containerd write it: "os/architecture", "os/architecture/variant", or with a version,
/// "windows(10.0.17763)/amd64". The result is canonical. Throws Error{Usage} if it is malformed.
[[nodiscard]] Platform parse_platform(std::string_view text);

/// The one spelling of a platform, by containerd's rules: lower case, `aarch64` is arm64, `x86_64` amd64; arm64 alone
/// means its variant v8, amd64 its variant v1 and arm its variant v7.
[[nodiscard]] Platform canonical(Platform platform);

/// True if it names a system and an architecture. Builders give "unknown/unknown" to what runs nowhere.
[[nodiscard]] bool is_real(const Platform& platform);

/// True if what was made for `given` is for one of `wanted`, in any spelling. The variants must be the same, too.
/// A version counts only where `wanted` has one: "10.0.17763" is for 10.0.17763.5122, too.
[[nodiscard]] bool is_for(const Platform& given, const std::vector<Platform>& wanted);

/// As `parse_platform` reads it; safe for terminals.
[[nodiscard]] std::string full_name(const Platform& platform);

}  // namespace ociferry
