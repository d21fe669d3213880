#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ociferry/error.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// What became of one place where credentials are looked for. Never holds a secret.
struct CredentialStep {
  enum class Outcome {
    NotSet,    ///< the variable, option or file is not there
    NoEntry,   ///< it is there, but has nothing for the repository
    Skipped,   ///< it is there, and passed over for a reason
    Wins,      ///< its credentials are used
    Failed,    ///< it is broken: every command that needs it fails
    NotAsked,  ///< an earlier one wins or failed
  };
  std::string source = {};  ///< "IMGPKG_REGISTRY_* variables", "/etc/docker/config.json"
  Outcome outcome = Outcome::NotSet;
  std::string detail = {};  ///< why, for people
};

/// Which credentials are used for a repository, and why.
struct CredentialReport {
  enum class Kind { Anonymous, Password, IdentityToken, RegistryToken };
  RepositoryName repository = {};
  std::vector<CredentialStep> steps = {};  ///< in the order in which the places are asked
  Kind kind = Kind::Anonymous;
  std::string username = {};          ///< if there is one
  std::optional<Error> failure = {};  ///< what a command would fail with
};

/// Our own trouble with finding out who we are: a helper, keychain, file or token server is broken. It is no registry's
/// refusal, though its code may be Unauthorized: what cannot be read because of it must not count as absent.
class CredentialsBroken : public Error {
 public:
  explicit CredentialsBroken(Error cause) : Error(std::move(cause)) {}
};

/// True if `error` says that a registry does not let us read: Unauthorized or Denied, and not CredentialsBroken.
[[nodiscard]] bool is_refusal(const Error& error) noexcept;

/// "not set", "no entry", "skipped", "wins", "failed", "not asked"
[[nodiscard]] std::string_view to_string(CredentialStep::Outcome outcome) noexcept;
/// "anonymous", "password", "identity token", "registry token"
[[nodiscard]] std::string_view to_string(CredentialReport::Kind kind) noexcept;

}  // namespace ociferry
