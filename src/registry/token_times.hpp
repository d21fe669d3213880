#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ociferry {

/// The validity period of a token (RFC 7519: nbf, exp), if it has one.
struct TokenTimes {
  std::optional<std::chrono::sys_seconds> not_before = {};
  std::optional<std::chrono::sys_seconds> expires = {};
};

/// Parses a JSON Web Token; empty for any other text. Only for error messages: the signature is not checked.
[[nodiscard]] TokenTimes times_of_token(std::string_view token);

/// Why the token is not valid at `now`, by the registry's clock: "it is not valid for another 90 s", "it expired
/// 5 s ago"; empty if it is valid or does not say.
[[nodiscard]] std::string why_not_valid(const TokenTimes& times, std::chrono::sys_seconds now);

}  // namespace ociferry
