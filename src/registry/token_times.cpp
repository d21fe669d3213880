#include "registry/token_times.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"
#include "stream/base64.hpp"

namespace ociferry {

namespace {

using std::chrono::sys_seconds;

std::optional<sys_seconds> time_at(const Json& claims, std::string_view key) {
  const Json* const value = claims.find(key);
  if (value == nullptr) return std::nullopt;
  constexpr std::int64_t kLatest = 100'000'000'000;  // in the year 5138
  const std::int64_t* const whole = value->as_int();
  if (whole == nullptr || *whole < 0 || *whole > kLatest) return std::nullopt;
  return sys_seconds(std::chrono::seconds(*whole));
}

}  // namespace

TokenTimes times_of_token(std::string_view token) {
  const auto parts = text::split(token, '.');
  if (parts.size() != 3) return {};
  const auto plain = base64url_decoded(parts[1]);
  if (!plain) return {};
  try {
    const Json claims = Json::parse(*plain, "token");
    return {time_at(claims, "nbf"), time_at(claims, "exp")};
  } catch (const Error&) {
    return {};  // tokens may have any format
  }
}

std::string why_not_valid(const TokenTimes& times, sys_seconds now) {
  if (times.not_before && *times.not_before > now) {
    return text::cat("it is not valid for another ", (*times.not_before - now).count(), " s");
  }
  if (times.expires && *times.expires <= now) {
    return text::cat("it expired ", (now - *times.expires).count(), " s ago");
  }
  return {};
}

}  // namespace ociferry
