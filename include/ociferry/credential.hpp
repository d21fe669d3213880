#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ociferry/reference.hpp"

namespace ociferry {

/// A credential for a registry: a user name with a password, or a token. All fields empty: anonymous. Never print it.
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

/// A program's own source of credentials, such as a vault. Returns the credential for a repository; an anonymous one to
/// use none; nullopt to search the usual places.
///
/// Within a call of the library, it is called at most once in ten minutes for a repository, and by one thread at a
/// time, which need not be the one that made the call; all requests that need a credential wait meanwhile. An Error
/// that it throws becomes that of the call; it must throw nothing else.
using CredentialFinder = std::function<std::optional<Credential>(const RepositoryName&)>;

}  // namespace ociferry
