#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "oci/json.hpp"
#include "ociferry/reference.hpp"
#include "registry/credential.hpp"

namespace ociferry {

/// Asks the credential helper `docker-credential-<name>` about a server; nullopt if it knows none.
using HelperRunner = std::function<std::optional<Credential>(const std::string& name, const std::string& server)>;

/// The real one: runs the program (no shell), ended after limits::kCredentialHelper. Throws Error for any failure but
/// "credentials not found".
[[nodiscard]] std::optional<Credential> run_credential_helper(const std::string& name, const std::string& server);

/// A configuration file of Docker (config.json) or of containers (auth.json).
class DockerConfig {
 public:
  /// Throws Error{Usage} naming `what` if it is not such a file.
  [[nodiscard]] static DockerConfig parse(std::string_view text, const std::string& what);

  /// The credential for `name`. In this order: credHelpers of the registry; auths of the repository, of the paths
  /// above it, of the registry; auths under a legacy URL; credsStore. nullopt if there is none.
  [[nodiscard]] std::optional<Credential> find(const RepositoryName& name, const HelperRunner& run_helper) const;

 private:
  explicit DockerConfig(Json content, std::string what) : content_(std::move(content)), what_(std::move(what)) {}
  [[nodiscard]] std::optional<Credential> find_in_auths(const RepositoryName& name) const;
  [[nodiscard]] std::optional<Credential> entry(const std::string& key) const;

  Json content_;
  std::string what_;
};

}  // namespace ociferry
