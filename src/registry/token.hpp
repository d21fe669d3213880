#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "credentials/credential.hpp"
#include "http/repeat.hpp"

namespace ociferry {

/// A bearer token and until when it is used.
struct Token {
  std::string value;
  std::chrono::steady_clock::time_point renew_at;
};

/// What a token server is asked for.
struct TokenRequest {
  Url realm;
  std::string registry;  ///< the host that named the realm
  std::string service;
  std::vector<std::string> scopes;
  Credential credential;
  Sender sender = {};  ///< whose credential that is
};

/// How long before its end a token that lives for `life` is renewed: 30 s or a quarter of its life, whatever is more,
/// but never more than a quarter of a life so short that nothing would be left of it.
[[nodiscard]] std::chrono::milliseconds renewal_margin(std::chrono::seconds life) noexcept;

/// Asks for a token: the OAuth2 refresh grant if there is an identity token (GET where that is not known), else GET
/// with Basic credentials or none (distribution, "Token authentication"). Throws Error{Unauthorized} if refused.
[[nodiscard]] Token fetch_token(Transport& transport, Retrier& retrier, const TokenRequest& request,
                                std::stop_token stop);

/// "Basic <base64>".
[[nodiscard]] std::string basic_authorization(const Credential& credential);

}  // namespace ociferry
