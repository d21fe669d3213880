#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "credentials/credentials.hpp"
#include "http/retry.hpp"
#include "registry/challenge.hpp"
#include "registry/scope.hpp"
#include "registry/token.hpp"

namespace ociferry {

/// Authenticates to one registry: Basic, or Bearer tokens, which are cached and renewed before they expire.
/// Thread-safe.
///
/// Credentials are sent to the registry and to the token server that it names. The token server must use https, unless
/// it is on the registry's host and the registry uses plain http (on loopback or with --registry-insecure). It may have
/// a private address, but a loopback or link-local one only if the registry has one, too.
class Authenticator {
 public:
  /// All must outlive it.
  Authenticator(Transport& transport, Retrier& retrier, Credentials& credentials)
      : transport_(transport), retrier_(retrier), credentials_(credentials) {}

  /// Stores the challenge of a 401 response from `base`.
  void learn(const Url& base, const Headers& headers);

  /// The Authorization value for a request of `scope`; nullopt without a challenge or without credentials. May request
  /// a token. Throws Error.
  [[nodiscard]] std::optional<std::string> authorization(const Scope& scope, std::stop_token stop);

  /// A new value after a 401 response with `headers` to `rejected`; adds the scopes of the challenge. nullopt if
  /// nothing else can be tried.
  [[nodiscard]] std::optional<std::string> renewed(const Scope& scope, const Url& base, const Headers& headers,
                                                   const std::optional<std::string>& rejected, std::stop_token stop);

  /// The credentials of requests of `scope`, for error messages.
  [[nodiscard]] Sender sender(const Scope& scope);
  /// True once the registry has sent a challenge.
  [[nodiscard]] bool is_wanted() { return challenge().has_value(); }
  /// True once the registry has sent a Bearer challenge.
  [[nodiscard]] bool uses_tokens();

 private:
  struct Slot {
    std::mutex mutex;  ///< held while a token is requested, so that threads with the same scope share it
    std::optional<Token> token;
    std::set<std::string> more_scopes;
  };

  [[nodiscard]] std::optional<Challenge> challenge();
  [[nodiscard]] std::optional<Challenge> challenge_for(const Credential& credential);
  [[nodiscard]] std::string bearer(const Scope& scope, const Challenge& challenge, const Credential& credential,
                                   const std::string& rejected, std::stop_token stop);
  [[nodiscard]] std::shared_ptr<Slot> slot(const Scope& scope);
  [[nodiscard]] Url realm_of(const Challenge& challenge);
  [[nodiscard]] bool may_send_credentials_to(const Url& realm);
  [[nodiscard]] std::string registry_host();

  Transport& transport_;
  Retrier& retrier_;
  Credentials& credentials_;
  std::mutex mutex_;
  std::optional<Challenge> challenge_;
  std::optional<Challenge> tokens_;  ///< the Bearer challenge that came with it
  std::optional<Url> base_;
  std::map<std::string, std::shared_ptr<Slot>> slots_;
};

}  // namespace ociferry
