#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ociferry {

/// `ociferry login`, `ociferry logout`
struct LoginOptions {
  std::string registry = {};             ///< "registry.example.com:5000", "registry.example.com/team", "docker.io"
  std::filesystem::path auth_file = {};  ///< --authfile: the file to change; empty: see docker_config
  std::filesystem::path docker_config =
      {};  ///< --docker-config: the directory of config.json; empty: by the environment
};

/// What `login` did.
struct LoginReport {
  std::string registry = {};            ///< with its path, if any
  std::filesystem::path file = {};      ///< what was changed
  std::string helper = {};              ///< the credential helper that stores the password; empty: the file does
  bool proved = false;                  ///< false: the registry requires no credentials, so they could not be checked
  std::vector<std::string> notes = {};  ///< where other commands will not use these credentials
};

/// What `logout` did.
struct LogoutReport {
  std::string registry = {};
  std::filesystem::path file = {};
  bool was_logged_in = false;           ///< false: the file had no entry for the registry, and is unchanged
  std::vector<std::string> notes = {};  ///< other places with credentials for it
};

}  // namespace ociferry
