#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "credentials/credential_helper.hpp"
#include "credentials/environment.hpp"
#include "oci/json.hpp"

namespace ociferry {

/// Which file `login` and `logout` change.
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

/// What one logs in to: a registry, or a part of its repositories.
struct LoginTarget {
  std::string registry = {};  ///< as in references: "index.docker.io", "reg:5000"
  std::string path = {};      ///< "team/app"; empty: all of it
};

/// Parses "reg:5000", "reg/team", "https://reg/", "docker.io". Throws Error{Usage}.
[[nodiscard]] LoginTarget parse_login_target(std::string_view text);

/// Programs that keep credentials; tests give their own.
struct HelperTools {
  HelperRunner find = {};
  std::function<void(const std::string& name, const std::string& server, const Credential& credential)> store = {};
  std::function<void(const std::string& name, const std::string& server)> erase = {};
};

/// Changes the text of a configuration file. Whatever it has beside the credentials of `target` stays, in its order.
/// A credential goes to the helper that credHelpers names for the target, else to credsStore, else into the text
/// itself, as base64. All throw Error{Usage} naming `what` if the text is no such file; nothing of it is shown.
class LoginText {
 public:
  LoginText(std::string_view text, LoginFile::Format format, std::string what);

  /// Returns the helper that keeps the credential now; empty if the text does. Throws what the helper does, and
  /// Error{Usage} for a user name with a ':' in it, which the format cannot hold.
  std::string store(const LoginTarget& target, const Credential& credential, const HelperTools& helpers);
  /// False if nothing was known about the target. Throws what the helper does.
  bool erase(const LoginTarget& target, const HelperTools& helpers);

  /// The text, indented with tabs as Docker and podman do it.
  [[nodiscard]] std::string text() const;
  /// True if it differs from what it was made of.
  [[nodiscard]] bool is_changed() const { return content_ != original_; }

 private:
  [[nodiscard]] std::string key_of(const LoginTarget& target) const;
  /// The helper that keeps the target's credential, and the name it knows the target by.
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
