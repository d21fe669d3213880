#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "http/repeat.hpp"
#include "ociferry/credential.hpp"

namespace ociferry {

/// A bearer token, and when to renew it.
struct Token {
  std::string value;
  std::chrono::steady_clock::time_point renew_at;
};

/// A request for a token.
struct TokenRequest {
  Url realm;
  std::string registry;  ///< the host of the challenge
  std::string service;
  std::vector<std::string> scopes;
  Credential credential;
  Sender sender = {};  ///< whose credential that is
};

/// How long before it expires a token is renewed: 30 s or a quarter of its `life`, whichever is more; a quarter of a
/// short life.
[[nodiscard]] std::chrono::milliseconds renewal_margin(std::chrono::seconds life) noexcept;

/// Requests a token: the OAuth2 refresh grant with an identity token (GET if that is not supported), else GET
/// with Basic credentials or none (distribution, "Token authentication"). Throws Error{Unauthorized} if refused.
[[nodiscard]] Token fetch_token(Transport& transport, Retrier& retrier, const TokenRequest& request,
                                std::stop_token stop);

/// "Basic <base64>".
[[nodiscard]] std::string basic_authorization(const Credential& credential);

}  // namespace ociferry
