#include "registry/docker_config.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "registry/base64.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kDockerHub = "index.docker.io";
constexpr std::string_view kDockerHubKey = "https://index.docker.io/v1/";

/// The names that one registry goes by in configuration files.
std::vector<std::string> aliases(const std::string& registry) {
  if (registry != kDockerHub) return {registry};
  return {registry, "docker.io", "registry-1.docker.io"};
}

/// True if `key` is a URL at `registry`, or the registry followed by an API version, as old clients wrote them.
bool is_legacy_key(std::string_view key, const std::string& registry) {
  const auto scheme = key.find("://");
  const std::string_view rest = scheme == std::string_view::npos ? key : key.substr(scheme + 3);
  const auto slash = std::min(rest.find('/'), rest.size());
  if (!text::equals_ignoring_case(rest.substr(0, slash), registry)) return false;
  const std::string_view path = rest.substr(slash);
  return scheme != std::string_view::npos || path == "/" || path == "/v1/" || path == "/v2/" || path == "/v1" ||
         path == "/v2";
}

std::optional<Credential> from_entry(const Json& entry, const std::string& what) {
  Credential found{entry.string_at("username"), entry.string_at("password"), entry.string_at("identitytoken"),
                   entry.string_at("registrytoken")};
  if (const std::string auth = entry.string_at("auth"); !auth.empty()) {
    auto plain = base64_decoded(auth);
    const auto colon = plain ? plain->find(':') : std::string::npos;
    if (colon == std::string::npos)
      throw Error(ErrorCode::Usage, what + ": an 'auth' entry is not base64 of USER:PASSWORD");
    while (plain->ends_with('\0')) plain->pop_back();
    found.username = plain->substr(0, colon);
    found.password = colon < plain->size() ? plain->substr(colon + 1) : "";
  }
  if (found.is_anonymous()) return std::nullopt;
  return found;
}

}  // namespace

DockerConfig DockerConfig::parse(std::string_view text, const std::string& what) {
  // Json::parse's own message may show a part of a password.
  const auto unusable = [&](std::string_view why) {
    return Error(ErrorCode::Usage, text::cat(what, ": ", why))
        .hint("repair or remove the file, or use --registry-anon");
  };
  if (text::trim(text).empty()) return DockerConfig(Json(Json::Object{}), what);
  Json content;
  try {
    content = Json::parse(text, what);
  } catch (const Error&) {
    throw unusable("not valid JSON");
  }
  if (content.as_object() == nullptr) throw unusable("not a JSON object");
  return DockerConfig(std::move(content), what);
}

std::optional<Credential> DockerConfig::find(const RepositoryName& name, const HelperRunner& run_helper) const {
  if (const Json* const helpers = content_.find("credHelpers")) {
    auto keys = aliases(name.registry);
    if (name.registry == kDockerHub) keys.emplace_back(kDockerHubKey);
    for (const std::string& key : keys) {
      const std::string helper = helpers->string_at(key);
      if (!helper.empty()) return run_helper(helper, key);
    }
  }
  if (auto found = find_in_auths(name)) return found;
  const std::string store = content_.string_at("credsStore");
  if (store.empty()) return std::nullopt;
  return run_helper(store, name.registry == kDockerHub ? std::string(kDockerHubKey) : name.registry);
}

std::optional<Credential> DockerConfig::find_in_auths(const RepositoryName& name) const {
  const Json* const auths = content_.find("auths");
  if (auths == nullptr || auths->as_object() == nullptr) return std::nullopt;
  for (const std::string& registry : aliases(name.registry)) {
    for (std::string path = registry + "/" + name.repository;; path.resize(path.rfind('/'))) {
      if (auto found = entry(path)) return found;
      if (path == registry) break;
    }
  }
  for (const std::string& registry : aliases(name.registry)) {
    for (const auto& [key, value] : *auths->as_object()) {
      if (!is_legacy_key(key, registry)) continue;
      if (auto found = from_entry(value, what_)) return found;
    }
  }
  return std::nullopt;
}

std::optional<Credential> DockerConfig::entry(const std::string& key) const {
  const Json* const value = content_.find("auths")->find(key);
  return value == nullptr ? std::nullopt : from_entry(*value, what_);
}

}  // namespace ociferry
