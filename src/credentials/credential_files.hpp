#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "credentials/docker_config.hpp"
#include "credentials/environment.hpp"

namespace ociferry {

/// A place that may hold a configuration of Docker or of containers.
struct CredentialFile {
  enum class Format { Config, Dockercfg };
  std::filesystem::path path = {};
  Format format = Format::Config;
  std::string variable = {};  ///< not empty: the content is this variable's value, there is no file
};

/// Where credentials are looked for, in this order: Docker's ($DOCKER_CONFIG/config.json, else ~/.docker/config.json,
/// then $DOCKER_AUTH_CONFIG), containers' ($REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json or else
/// /run/containers/UID/auth.json, $XDG_CONFIG_HOME/containers/auth.json or else that of ~/.config), ~/.dockercfg.
[[nodiscard]] std::vector<CredentialFile> credential_files(const Environment& environment, unsigned user_id);

/// What `file` knows about `name`. A file that is not there, or that is a directory, is no mistake; one that cannot be
/// read or understood is: throws Error.
[[nodiscard]] Finding find_in_file(const CredentialFile& file, const Environment& environment,
                                   const RepositoryName& name, const HelperRunner& run_helper);

}  // namespace ociferry
