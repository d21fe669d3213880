#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "credentials/limits.hpp"
#include "ociferry/credential.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

/// Asks the credential helper `docker-credential-<name>` for the credential of a server; nullopt if it has none.
using HelperRunner = std::function<std::optional<Credential>(const std::string& name, const std::string& server)>;

/// Parses the output of a helper; nullopt if it has no credential. Throws Error{Unauthorized}, without the output, if
/// it is not JSON.
[[nodiscard]] std::optional<Credential> parse_helper_answer(std::string_view output, const std::string& program);

/// The Error{Unauthorized} for a helper that does not exist or is not executable (ErrorReason::HelperMissing).
[[nodiscard]] Error helper_missing(const std::string& program);

/// Runs helpers as programs: found in the PATH, without a shell, with the server's name on standard input. Kills a
/// helper after `patience`, and when `stop` is requested, together with the programs it has started, unless we are in
/// the foreground of a terminal, where it may prompt the user.
class CredentialHelper {
 public:
  explicit CredentialHelper(std::stop_token stop = {}, std::chrono::milliseconds patience = limits::kCredentialHelper)
      : stop_(std::move(stop)), patience_(patience) {}

  /// Throws `helper_missing`, Error{Usage} for an invalid name, Error{Interrupted}, and Error{Unauthorized},
  /// Error{Hostile} or Error{Io} for any failure but "credentials not found". Never shows the helper's output. A
  /// temporary failure, such as a key store locked by another process, is marked transient.
  [[nodiscard]] std::optional<Credential> operator()(const std::string& name, const std::string& server) const;

  /// Stores or erases the credential for a server. Throw as above.
  void store(const std::string& name, const std::string& server, const Credential& credential) const;
  void erase(const std::string& name, const std::string& server) const;

 private:
  std::stop_token stop_;
  std::chrono::milliseconds patience_;
};

}  // namespace ociferry
