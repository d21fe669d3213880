#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ociferry/error.hpp"
#include "ociferry/export.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

// Plain data, made by `explain_credentials`.

/// One place where credentials are looked up, and the outcome. Never holds a secret.
struct CredentialStep {
  enum class Outcome {
    NotSet,    ///< the variable, option or file does not exist
    NoEntry,   ///< it has no entry for the repository
    Skipped,   ///< it is not used; `detail` says why
    Wins,      ///< its credentials are used
    Failed,    ///< it is broken: every command that needs it fails
    NotAsked,  ///< an earlier place has won or failed
  };
  std::string source = {};  ///< "IMGPKG_REGISTRY_* variables", "/etc/docker/config.json"
  Outcome outcome = Outcome::NotSet;
  std::string detail = {};  ///< why, for people
};

/// Which credentials are used for a repository, and why.
struct CredentialReport {
  enum class Kind { Anonymous, Password, IdentityToken, RegistryToken };
  RepositoryName repository = {};
  std::vector<CredentialStep> steps = {};  ///< in the order of the search
  Kind kind = Kind::Anonymous;
  std::string username = {};          ///< if there is one
  std::optional<Error> failure = {};  ///< the error of a command that needs credentials
};

/// "not set", "no entry", "skipped", "wins", "failed", "not asked"
[[nodiscard]] OCIFERRY_EXPORT std::string_view to_string(CredentialStep::Outcome outcome) noexcept;
/// "anonymous", "password", "identity token", "registry token"
[[nodiscard]] OCIFERRY_EXPORT std::string_view to_string(CredentialReport::Kind kind) noexcept;

}  // namespace ociferry
