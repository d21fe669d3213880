#pragma once

#include <string>

namespace ociferry {

/// A credential for a registry. All fields empty: anonymous. Never print it.
struct Credential {
  std::string username = {};
  std::string password = {};
  std::string identity_token = {};  ///< exchanged at the token server (OAuth2 refresh token)
  std::string registry_token = {};  ///< sent to the registry as a Bearer token

  [[nodiscard]] bool is_basic() const noexcept { return !username.empty() || !password.empty(); }
  [[nodiscard]] bool is_anonymous() const noexcept {
    return !is_basic() && identity_token.empty() && registry_token.empty();
  }
  friend bool operator==(const Credential&, const Credential&) = default;
};

}  // namespace ociferry
