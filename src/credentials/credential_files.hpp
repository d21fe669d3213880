#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "credentials/docker_config.hpp"
#include "credentials/environment.hpp"

namespace ociferry {

/// A possible configuration file of Docker or containers.
struct CredentialFile {
  enum class Format { Config, Dockercfg };
  std::filesystem::path path = {};
  Format format = Format::Config;
  std::string variable = {};  ///< if set, the content is the value of this variable instead of a file
};

/// The files with credentials, in search order: Docker's ($DOCKER_CONFIG/config.json, else ~/.docker/config.json,
/// then $DOCKER_AUTH_CONFIG), containers' ($REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json or else
/// /run/containers/UID/auth.json, $XDG_CONFIG_HOME/containers/auth.json or else that of ~/.config), ~/.dockercfg.
[[nodiscard]] std::vector<CredentialFile> credential_files(const Environment& environment, unsigned user_id);

/// The entry of `file` for `name`. Throws Error if the file cannot be read or parsed, but not if it is missing or a
/// directory.
[[nodiscard]] Finding find_in_file(const CredentialFile& file, const Environment& environment,
                                   const RepositoryName& name, const HelperRunner& run_helper);

}  // namespace ociferry
