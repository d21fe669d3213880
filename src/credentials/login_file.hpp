#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "credentials/credential_helper.hpp"
#include "credentials/environment.hpp"
#include "oci/json.hpp"

namespace ociferry {

/// The file that `login` and `logout` change.
struct LoginFile {
  enum class Format {
    Docker,      ///< config.json: Docker Hub is "https://index.docker.io/v1/"
    Containers,  ///< auth.json: Docker Hub is "docker.io", and keys may have paths
  };
  std::filesystem::path path = {};
  Format format = Format::Docker;
};

/// The file that options and variables name: `auth_file`, else `docker_config`/config.json, else $REGISTRY_AUTH_FILE,
/// else $DOCKER_CONFIG/config.json. If they name none: ~/.docker/config.json, which all tools read, unless that is not
/// there and podman's $XDG_RUNTIME_DIR/containers/auth.json is. Throws Error{Usage} if HOME is not set either.
[[nodiscard]] LoginFile login_file(const Environment& environment, const std::filesystem::path& auth_file,
                                   const std::filesystem::path& docker_config);

/// The registry, or part of one, to log in to.
struct LoginTarget {
  std::string registry = {};  ///< as in references: "index.docker.io", "reg:5000"
  std::string path = {};      ///< "team/app"; empty: all of it
};

/// Parses "reg:5000", "reg/team", "https://reg/", "docker.io". Throws Error{Usage}.
[[nodiscard]] LoginTarget parse_login_target(std::string_view text);

/// Credential helpers; tests replace them.
struct HelperTools {
  HelperRunner find = {};
  std::function<void(const std::string& name, const std::string& server, const Credential& credential)> store = {};
  std::function<void(const std::string& name, const std::string& server)> erase = {};
};

/// Edits the text of a configuration file; keeps everything else in it, in order. A credential is stored with the
/// helper that credHelpers names for the target, else with credsStore, else in the text, as base64. All throw
/// Error{Usage} naming `what`, without showing the content, if the text is no such file.
class LoginText {
 public:
  LoginText(std::string_view text, LoginFile::Format format, std::string what);

  /// Returns the helper that stores the credential; empty if the text does. Throws what the helper throws, and
  /// Error{Usage} for a user name with a ':', which the format does not support.
  std::string store(const LoginTarget& target, const Credential& credential, const HelperTools& helpers);
  /// False if there was no entry for the target. Throws what the helper throws.
  bool erase(const LoginTarget& target, const HelperTools& helpers);

  /// The text, indented with tabs like Docker's and podman's.
  [[nodiscard]] std::string text() const;
  /// True if it differs from the original.
  [[nodiscard]] bool is_changed() const { return content_ != original_; }

 private:
  [[nodiscard]] std::string key_of(const LoginTarget& target) const;
  /// The helper that stores the target's credential, and its name for the target.
  struct Keeper {
    std::string helper = {};  ///< empty: the text itself
    std::string server = {};
  };
  [[nodiscard]] Keeper keeper_of(const LoginTarget& target) const;
  void put_entry(const std::string& key, Json entry);
  bool remove_entry(const std::string& key);

  Json content_;
  Json original_;
  LoginFile::Format format_;
};

}  // namespace ociferry
