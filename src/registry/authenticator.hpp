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

/// Proves to one registry who we are: Basic, or Bearer tokens that are kept and renewed in time. Thread-safe.
///
/// Credentials go to the registry itself and to the token server it names. That one must be reached by https, unless it
/// is on the registry's own host and that is talked to by plain http, which needs a loopback address or
/// --registry-insecure. It may be at a private address, but never at one that only this machine can reach, unless the
/// registry is there as well.
class Authenticator {
 public:
  /// All must outlive it.
  Authenticator(Transport& transport, Retrier& retrier, Credentials& credentials)
      : transport_(transport), retrier_(retrier), credentials_(credentials) {}

  /// Learns from an answer with status 401 which way to authenticate `base` wants.
  void learn(const Url& base, const Headers& headers);

  /// The Authorization value for a request of `scope`; nullopt as long as nothing was asked of us, or if there are
  /// no credentials. May ask the token server. Throws Error.
  [[nodiscard]] std::optional<std::string> authorization(const Scope& scope, std::stop_token stop);

  /// A new value after `rejected` was answered with 401 and `headers`; the scopes that the challenge wants are added.
  /// nullopt if there is nothing else to try.
  [[nodiscard]] std::optional<std::string> renewed(const Scope& scope, const Url& base, const Headers& headers,
                                                   const std::optional<std::string>& rejected, std::stop_token stop);

  /// Whose credentials requests of `scope` are sent with, for an error's words.
  [[nodiscard]] Sender sender(const Scope& scope);
  /// True once the registry has asked who we are.
  [[nodiscard]] bool is_wanted() { return challenge().has_value(); }
  /// True once the registry has asked for tokens.
  [[nodiscard]] bool uses_tokens();

 private:
  struct Slot {
    std::mutex mutex;  ///< held while a token is fetched, so that threads with the same need wait for one answer
    std::optional<Token> token;
    std::set<std::string> more_scopes;
  };

  [[nodiscard]] std::optional<Challenge> challenge();
  [[nodiscard]] std::string bearer(const Scope& scope, const Challenge& challenge, const Credential& credential,
                                   const std::string& rejected, std::stop_token stop);
  [[nodiscard]] std::shared_ptr<Slot> slot(const Scope& scope);
  [[nodiscard]] Url realm_of(const Challenge& challenge);
  [[nodiscard]] bool may_know_us(const Url& realm);
  [[nodiscard]] std::string registry_host();

  Transport& transport_;
  Retrier& retrier_;
  Credentials& credentials_;
  std::mutex mutex_;
  std::optional<Challenge> challenge_;
  std::optional<Url> base_;
  std::map<std::string, std::shared_ptr<Slot>> slots_;
};

}  // namespace ociferry
