#pragma once

#include <map>
#include <mutex>

#include "ociferry/reference.hpp"
#include "ociferry/registry_options.hpp"
#include "registry/credential.hpp"
#include "registry/docker_config.hpp"
#include "registry/environment.hpp"
#include "registry/imgpkg_environment.hpp"

namespace ociferry {

/// Finds the credential for a repository. In this order: IMGPKG_REGISTRY_* variables whose HOSTNAME fits; the
/// options (or IMGPKG_USERNAME, IMGPKG_PASSWORD, IMGPKG_TOKEN, IMGPKG_ANON where those are empty): user name and
/// password, else token, else anonymous; Docker's configuration file; $REGISTRY_AUTH_FILE;
/// $XDG_RUNTIME_DIR/containers/auth.json. Thread-safe.
class Credentials {
 public:
  /// Throws Error{Usage} for malformed IMGPKG_* variables.
  Credentials(const RegistryOptions& options, const Environment& environment,
              HelperRunner run_helper = run_credential_helper);

  /// The credential for `name`, anonymous if there is none. Reads files and may run a helper, once a repository.
  /// Throws Error if a file or a helper is broken.
  [[nodiscard]] Credential find(const RepositoryName& name);

 private:
  [[nodiscard]] Credential search(const RepositoryName& name) const;

  ImgpkgEnvironment environment_;
  Credential given_;
  bool anonymous_ = false;
  std::vector<std::filesystem::path> files_;
  HelperRunner run_helper_;
  std::mutex mutex_;
  std::map<RepositoryName, Credential> found_;
};

}  // namespace ociferry
