#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "support/registry_server.hpp"

namespace ociferry::testing {

struct TokenServerOptions {
  std::string user = {};           ///< "name:password": who gets tokens; empty: everybody
  std::string refresh_token = {};  ///< taken instead of the user's password in the OAuth2 grant of that name
  std::chrono::seconds lifetime{300};
  std::size_t scopes_granted = 100;  ///< of one request; further ones are left out of the token, as some servers do
  bool reuses_tokens = false;        ///< the same request gets the same token while half of its life is left: faster
};

/// A request for a token as it came.
struct LoggedTokenRequest {
  std::string method;
  std::string authorization;  ///< the header's value
  std::string service;
  std::vector<std::string> scopes;  ///< "repository:team/app:pull,push"
  int status = 0;                   ///< of the answer
};

/// Hands out the tokens that a RegistryServer with `realm()` takes (distribution's token authentication, RS256).
/// Listens on a free port of 127.0.0.1 until the object ends.
class TokenServer {
 public:
  explicit TokenServer(TokenServerOptions options = {});
  TokenServer(const TokenServer&) = delete;
  TokenServer& operator=(const TokenServer&) = delete;
  ~TokenServer();

  /// What a registry must be told to take this server's tokens.
  [[nodiscard]] TokenRealm realm() const;
  /// A token for `scopes` without asking, for the rig itself (RegistryServer::use_token).
  [[nodiscard]] std::string mint(const std::vector<std::string>& scopes) const;
  /// All requests so far. Thread-safe.
  [[nodiscard]] std::vector<LoggedTokenRequest> requests() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ociferry::testing
