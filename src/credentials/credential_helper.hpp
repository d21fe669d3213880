#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "credentials/credential.hpp"
#include "credentials/limits.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

/// Asks the credential helper `docker-credential-<name>` about a server; nullopt if it knows none.
using HelperRunner = std::function<std::optional<Credential>(const std::string& name, const std::string& server)>;

/// What a helper answered; nullopt if that is no credential. Throws Error{Unauthorized} if it is not JSON; shows
/// nothing of it.
[[nodiscard]] std::optional<Credential> parse_helper_answer(std::string_view output, const std::string& program);

/// The Error{Unauthorized} for a helper that does not exist or is not executable (ErrorReason::HelperMissing).
[[nodiscard]] Error helper_missing(const std::string& program);

/// Runs helpers as programs: found in the PATH, without a shell, with nothing but the server's name on their standard
/// input, and never for longer than `patience`. Then, and when `stop` is requested, the helper is ended, together with
/// the programs it has started unless we are the foreground of a terminal, where it may ask the user something.
class CredentialHelper {
 public:
  explicit CredentialHelper(std::stop_token stop = {}, std::chrono::milliseconds patience = limits::kCredentialHelper)
      : stop_(std::move(stop)), patience_(patience) {}

  /// Throws `helper_missing`, Error{Usage} for an invalid name, Error{Interrupted}, and Error{Unauthorized},
  /// Error{Hostile} or Error{Io} for any failure but "credentials not found". Shows nothing of what the helper wrote. A
  /// failure that may pass, as of a helper whose key store another process has locked, is marked transient.
  [[nodiscard]] std::optional<Credential> operator()(const std::string& name, const std::string& server) const;

  /// Has the helper keep, or forget, the credential for a server. Throw as above.
  void store(const std::string& name, const std::string& server, const Credential& credential) const;
  void erase(const std::string& name, const std::string& server) const;

 private:
  std::stop_token stop_;
  std::chrono::milliseconds patience_;
};

}  // namespace ociferry
