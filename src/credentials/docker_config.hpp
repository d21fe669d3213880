#pragma once

#include <string>
#include <string_view>

#include "credentials/credential_helper.hpp"
#include "credentials/finding.hpp"
#include "oci/json.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// Docker Hub in the names of images, and its key in configuration files.
inline constexpr std::string_view kDockerHub = "index.docker.io";
inline constexpr std::string_view kDockerHubKey = "https://index.docker.io/v1/";

/// A configuration file of Docker (config.json) or of containers (auth.json).
class DockerConfig {
 public:
  /// Throws Error{Usage} naming `what` if it is not such a file.
  [[nodiscard]] static DockerConfig parse(std::string_view text, const std::string& what);
  /// The same for the old ~/.dockercfg, which has only the content of "auths".
  [[nodiscard]] static DockerConfig parse_dockercfg(std::string_view text, const std::string& what);

  /// The credential for `name`. First the repository, the paths above it and the registry, the longest first: of each
  /// credHelpers, then auths. Then auths under a URL of the registry, then under another path of it. Then credsStore.
  /// A helper without an entry is skipped. Throws Error if a helper or an entry is broken.
  [[nodiscard]] Finding find(const RepositoryName& name, const HelperRunner& run_helper) const;

 private:
  explicit DockerConfig(Json content, std::string what) : content_(std::move(content)), what_(std::move(what)) {}
  [[nodiscard]] const Json* auths() const;
  [[nodiscard]] Finding find_by_path(const RepositoryName& name, const HelperRunner& run_helper) const;
  [[nodiscard]] Finding find_by_host(const RepositoryName& name) const;

  Json content_;
  std::string what_;
};

}  // namespace ociferry
