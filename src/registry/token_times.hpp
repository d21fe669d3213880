#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ociferry {

/// What a token says about when it is valid (RFC 7519: nbf, exp), if it is one that says so.
struct TokenTimes {
  std::optional<std::chrono::sys_seconds> not_before = {};
  std::optional<std::chrono::sys_seconds> expires = {};
};

/// Reads a JSON Web Token; of any other text nothing is known. Its signature is not checked: this only explains
/// failures.
[[nodiscard]] TokenTimes times_of_token(std::string_view token);

/// Why the token is not valid at `now`, by the registry's clock: "it is valid only in 90 s", "it has expired 5 s ago";
/// empty if it says nothing of the kind.
[[nodiscard]] std::string why_not_valid(const TokenTimes& times, std::chrono::sys_seconds now);

}  // namespace ociferry
