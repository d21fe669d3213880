#include "credentials/docker_config.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/base64.hpp"

namespace ociferry {

namespace {

/// The names of one registry in configuration files.
std::vector<std::string> aliases(const std::string& registry) {
  if (registry != kDockerHub) return {registry};
  return {registry, "docker.io", "registry-1.docker.io"};
}

/// The repository, the paths above it and the registry.
std::vector<std::string> paths_of(const std::string& registry, const std::string& repository) {
  std::vector<std::string> paths;
  for (std::string path = registry + "/" + repository; path.size() > registry.size(); path.resize(path.rfind('/'))) {
    paths.push_back(path);
  }
  paths.push_back(registry);
  return paths;
}

/// Splits "https://host/path"; scheme and path are optional.
struct Key {
  bool has_scheme = false;
  std::string_view host = {};
  std::string_view path = {};
};

Key split_key(std::string_view key) {
  const auto scheme = key.find("://");
  const bool has_scheme = scheme != std::string_view::npos;
  const std::string_view rest = has_scheme ? key.substr(scheme + 3) : key;
  const auto slash = std::min(rest.find('/'), rest.size());
  return {has_scheme, rest.substr(0, slash), rest.substr(slash)};
}

/// True if the key names the whole registry in the form of old clients: a URL, or with an API version.
bool names_whole_registry(const Key& key) {
  constexpr std::array<std::string_view, 6> kWhole{"", "/", "/v1", "/v1/", "/v2", "/v2/"};
  return key.has_scheme || std::ranges::find(kWhole, key.path) != kWhole.end();
}

/// Decodes `auth`: base64 of USER:PASSWORD, which some clients break into lines or pad with zero bytes.
void read_auth(std::string auth, Credential& into, const std::string& what, const std::string& key) {
  std::erase_if(auth, [](char c) { return c == '\r' || c == '\n'; });
  if (auth.empty()) return;
  auto plain = base64_decoded(auth);
  const auto colon = plain ? plain->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    throw Error(ErrorCode::Usage, text::cat(what, ": the 'auth' entry of '", key, "' is not base64 of USER:PASSWORD"))
        .hint("log in to that registry once more, or remove the entry");
  }
  while (plain->ends_with('\0')) plain->pop_back();
  into.username = plain->substr(0, colon);
  into.password = colon < plain->size() ? plain->substr(colon + 1) : "";
}

std::optional<Credential> from_entry(const Json& entry, const std::string& what, const std::string& key) {
  Credential found{entry.string_at("username"), entry.string_at("password"), entry.string_at("identitytoken"),
                   entry.string_at("registrytoken")};
  read_auth(entry.string_at("auth"), found, what, key);
  if (found.is_anonymous()) return std::nullopt;
  return found;
}

/// The helper's credential for `server`.
Finding ask(const HelperRunner& run_helper, const std::string& helper, const std::string& server) {
  const std::string who = text::cat("docker-credential-", helper, " for '", server, "'");
  auto credential = run_helper(helper, server);
  if (!credential) return no_entry(who + ", which knows none");
  return wins(*std::move(credential), who);
}

std::string string_in(const Json* object, const std::string& key) {
  return object == nullptr ? std::string() : object->string_at(key);
}

}  // namespace

DockerConfig DockerConfig::parse(std::string_view text, const std::string& what) {
  // Json::parse's own message may show a part of a password.
  const auto unusable = [&](std::string_view why) {
    return Error(ErrorCode::Usage, text::cat(what, ": ", why))
        .hint("repair or remove it, or use --registry-anon or --registry-username");
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

DockerConfig DockerConfig::parse_dockercfg(std::string_view text, const std::string& what) {
  DockerConfig config = parse(text, what);
  Json::Object wrapped;
  wrapped.emplace_back("auths", std::move(config.content_));
  config.content_ = Json(std::move(wrapped));
  return config;
}

const Json* DockerConfig::auths() const {
  const Json* const found = content_.find("auths");
  return found == nullptr || found->as_object() == nullptr ? nullptr : found;
}

Finding DockerConfig::find(const RepositoryName& name, const HelperRunner& run_helper) const {
  Finding found = find_by_path(name, run_helper);
  if (found.wins()) return found;
  if (Finding by_host = find_by_host(name); by_host.wins()) return by_host;
  const std::string store = content_.string_at("credsStore");
  if (store.empty()) return found;
  Finding stored = ask(run_helper, store, name.registry == kDockerHub ? std::string(kDockerHubKey) : name.registry);
  if (!stored.wins() && !found.detail.empty()) stored.detail = found.detail + "; " + stored.detail;
  return stored;
}

Finding DockerConfig::find_by_path(const RepositoryName& name, const HelperRunner& run_helper) const {
  std::vector<std::string> keys;
  for (const std::string& registry : aliases(name.registry)) {
    std::ranges::move(paths_of(registry, name.repository), std::back_inserter(keys));
  }
  // The aliases of Docker Hub together, so that the longest path comes first under any name.
  std::ranges::stable_sort(keys, std::ranges::greater{},
                           [](const std::string& key) { return std::ranges::count(key, '/'); });
  if (name.registry == kDockerHub) keys.emplace_back(kDockerHubKey);
  const Json* const helpers = content_.find("credHelpers");
  const Json* const entries = auths();
  std::vector<std::string> passed;
  for (const std::string& key : keys) {
    if (const std::string helper = string_in(helpers, key); !helper.empty()) {
      Finding found = ask(run_helper, helper, key);
      if (found.wins()) return found;
      passed.push_back(std::move(found.detail));
    }
    const Json* const entry = entries == nullptr ? nullptr : entries->find(key);
    if (entry == nullptr) continue;
    if (auto found = from_entry(*entry, what_, key)) return wins(*std::move(found), text::cat("'", key, "'"));
  }
  return no_entry(text::join(passed, "; "));
}

Finding DockerConfig::find_by_host(const RepositoryName& name) const {
  if (auths() == nullptr) return no_entry("");
  const auto hosts = aliases(name.registry);
  const auto first = [&](bool whole) {
    for (const std::string& host : hosts) {
      for (const auto& [key, value] : *auths()->as_object()) {
        const Key parts = split_key(key);
        if (!text::equals_ignoring_case(parts.host, host) || names_whole_registry(parts) != whole) continue;
        if (auto found = from_entry(value, what_, key)) return wins(*std::move(found), text::cat("'", key, "'"));
      }
    }
    return no_entry("");
  };
  Finding found = first(true);
  // An entry for another path of the registry, as in imgpkg.
  return found.wins() ? found : first(false);
}

}  // namespace ociferry
