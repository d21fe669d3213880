#include "credentials/login_file.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.hpp"
#include "base/user_info.hpp"
#include "credentials/docker_config.hpp"
#include "http/url.hpp"
#include "ociferry/error.hpp"
#include "ociferry/reference.hpp"
#include "stream/base64.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 5> kSecrets{"auth", "username", "password", "identitytoken", "registrytoken"};

/// The object called `key`; empty if it is missing or not an object.
Json::Object object_in(const Json& content, std::string_view key) {
  const Json* const found = content.find(key);
  const Json::Object* const object = found == nullptr ? nullptr : found->as_object();
  return object == nullptr ? Json::Object{} : *object;
}

/// `object` with `key` set to `value`, at its place or at the end.
Json::Object with(Json::Object object, const std::string& key, Json value) {
  const auto found = std::ranges::find(object, key, &Json::Member::first);
  if (found == object.end()) {
    object.emplace_back(key, std::move(value));
  } else {
    found->second = std::move(value);
  }
  return object;
}

/// The members of an entry that are not secrets, such as "email" in old files.
Json::Object without_secrets_of(const Json* entry) {
  Json::Object kept;
  if (entry == nullptr || entry->as_object() == nullptr) return kept;
  std::ranges::copy_if(*entry->as_object(), std::back_inserter(kept), [](const Json::Member& member) {
    return std::ranges::find(kSecrets, member.first) == kSecrets.end();
  });
  return kept;
}

/// All keys for the target that any tool may have written.
std::vector<std::string> keys_of(const LoginTarget& target) {
  if (!target.path.empty()) {
    const std::string path = "/" + target.path;
    if (target.registry != kDockerHub) return {target.registry + path};
    return {"docker.io" + path, target.registry + path};
  }
  std::vector<std::string> keys;
  const bool is_hub = target.registry == kDockerHub;
  for (const std::string& host : is_hub ? std::vector<std::string>{"docker.io", target.registry, "registry-1.docker.io"}
                                        : std::vector<std::string>{target.registry}) {
    for (const char* scheme : {"", "https://", "http://"}) {
      for (const char* end : {"", "/", "/v1", "/v1/", "/v2", "/v2/"}) keys.push_back(text::cat(scheme, host, end));
    }
  }
  return keys;
}

}  // namespace

LoginFile login_file(const Environment& environment, const fs::path& auth_file, const fs::path& docker_config) {
  using Format = LoginFile::Format;
  if (!auth_file.empty()) return {auth_file, Format::Containers};
  if (!docker_config.empty()) return {docker_config / "config.json", Format::Docker};
  if (const auto file = lookup(environment, "REGISTRY_AUTH_FILE")) return {*file, Format::Containers};
  if (const auto folder = lookup(environment, "DOCKER_CONFIG"))
    return {fs::path(*folder) / "config.json", Format::Docker};
  const auto home = lookup(environment, "HOME");
  const fs::path docker = home ? fs::path(*home) / ".docker" / "config.json" : fs::path();
  std::error_code unknown;
  if (const auto runtime = lookup(environment, "XDG_RUNTIME_DIR"); runtime && (!home || !fs::exists(docker, unknown))) {
    const fs::path podman = fs::path(*runtime) / "containers" / "auth.json";
    if (!home || fs::exists(podman, unknown)) return {podman, Format::Containers};
  }
  if (home) return {docker, Format::Docker};
  throw Error(ErrorCode::Usage, "there is no place for credentials: HOME is not set")
      .hint("name a file with --authfile");
}

LoginTarget parse_login_target(std::string_view given) {
  const auto unusable = [&] {
    return Error(ErrorCode::Usage, text::cat("'", without_user_info(given), "' is not the name of a registry"))
        .hint("for example: ociferry login registry.example.com:5000");
  };
  std::string_view rest = given;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
  }
  const auto slash = std::min(rest.find('/'), rest.size());
  const auto url = Url::try_parse(text::cat("https://", rest.substr(0, slash), "/"));
  if (!url) throw unusable();
  LoginTarget target{.registry = text::lower(rest.substr(0, slash))};
  if (target.registry == "docker.io" || target.registry == "registry-1.docker.io") target.registry = kDockerHub;
  std::string_view path = rest.substr(slash);
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty() || path == "v1" || path == "v2") return target;
  // A host without '.' and ':' would be parsed as a path of Docker Hub; such a target is invalid.
  const RepositoryName name = parse_repository(text::cat(target.registry, "/", path));
  if (name.registry != target.registry) throw unusable();
  target.path = path;
  return target;
}

LoginText::LoginText(std::string_view text, LoginFile::Format format, std::string what) : format_(format) {
  // The message shows nothing of the content.
  static_cast<void>(DockerConfig::parse(text, what));
  if (text::trim(text).empty()) text = "{}";
  original_ = Json::parse(text, what);
  content_ = original_;
}

std::string LoginText::key_of(const LoginTarget& target) const {
  if (!target.path.empty()) {
    return text::cat(target.registry == kDockerHub ? "docker.io" : target.registry, "/", target.path);
  }
  if (target.registry != kDockerHub) return target.registry;
  return format_ == LoginFile::Format::Docker ? std::string(kDockerHubKey) : "docker.io";
}

LoginText::Keeper LoginText::keeper_of(const LoginTarget& target) const {
  if (const Json* const helpers = content_.find("credHelpers")) {
    for (const std::string& key : keys_of(target)) {
      if (std::string helper = helpers->string_at(key); !helper.empty()) return {std::move(helper), key};
    }
  }
  // A helper stores whole registries only: a credential for a part must not be used for all of it.
  if (!target.path.empty()) return {};
  const bool is_hub = target.registry == kDockerHub;
  return {content_.string_at("credsStore"), is_hub ? std::string(kDockerHubKey) : target.registry};
}

void LoginText::put_entry(const std::string& key, Json entry) {
  Json::Object auths = with(object_in(content_, "auths"), key, std::move(entry));
  content_ = with(*content_.as_object(), "auths", std::move(auths));
}

bool LoginText::remove_entry(const std::string& key) {
  Json::Object auths = object_in(content_, "auths");
  if (std::erase_if(auths, [&](const Json::Member& member) { return member.first == key; }) == 0) return false;
  content_ = with(*content_.as_object(), "auths", std::move(auths));
  return true;
}

std::string LoginText::store(const LoginTarget& target, const Credential& credential, const HelperTools& helpers) {
  const std::string key = key_of(target);
  const Json* const auths = content_.find("auths");
  const Json* const known = auths == nullptr ? nullptr : auths->find(key);
  Json::Object entry = without_secrets_of(known);
  const auto [helper, server] = keeper_of(target);
  if (helper.empty()) {
    if (credential.username.find(':') != std::string::npos) {
      throw Error(ErrorCode::Usage, "a user name with a ':' cannot be kept in such a file")
          .hint("use a credential helper (credsStore), or --registry-username with each command");
    }
    entry.emplace_back("auth", base64_encoded(text::cat(credential.username, ":", credential.password)));
  } else {
    helpers.store(helper, server, credential);
  }
  // An older entry under another name of the registry would override the helper, or be used by other tools.
  for (const std::string& other : keys_of(target)) {
    if (other != key) remove_entry(other);
  }
  // Docker writes an empty entry for each registry in its helper, as a list of logins.
  if (helper.empty() || known != nullptr || format_ == LoginFile::Format::Docker) put_entry(key, std::move(entry));
  return helper;
}

bool LoginText::erase(const LoginTarget& target, const HelperTools& helpers) {
  bool known = false;
  const auto [helper, server] = keeper_of(target);
  if (!helper.empty() && helpers.find(helper, server)) {
    helpers.erase(helper, server);
    known = true;
  }
  std::vector<std::string> keys = keys_of(target);
  keys.push_back(key_of(target));
  for (const std::string& key : keys) known = remove_entry(key) || known;
  return known;
}

std::string LoginText::text() const {
  std::string out;
  bool at_line_begin = true;
  // One space a level becomes one tab; there are no line breaks within JSON strings.
  for (const char c : content_.dump_pretty(1)) {
    out += at_line_begin && c == ' ' ? '\t' : c;
    at_line_begin = c == '\n' || (at_line_begin && c == ' ');
  }
  return out + "\n";
}

}  // namespace ociferry
