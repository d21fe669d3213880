#include "registry/imgpkg_environment.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kPrefix = "IMGPKG_REGISTRY_";
constexpr std::array<std::string_view, 5> kFields{"HOSTNAME", "USERNAME", "PASSWORD", "IDENTITY_TOKEN",
                                                  "REGISTRY_TOKEN"};

struct Location {
  std::string host = {};
  std::string port = {};
  std::string path = {};  ///< without slashes at its ends
};

Location parse_location(std::string_view text) {
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  const auto slash = std::min(text.find('/'), text.size());
  std::string_view path = text.substr(slash);
  for (const std::string_view version : {"/v1/", "/v2/"}) {
    if (path.starts_with(version)) path.remove_prefix(version.size() - 1);
  }
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::string_view authority = text.substr(0, slash);
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  return {text::lower(authority.substr(0, colon)), has_port ? std::string(authority.substr(colon + 1)) : "",
          std::string(path)};
}

bool host_fits(const std::string& pattern, const std::string& host) {
  const auto patterns = text::split(pattern, '.');
  const auto labels = text::split(host, '.');
  return std::ranges::equal(patterns, labels, [](const std::string& glob, const std::string& label) {
    return ::fnmatch(glob.c_str(), label.c_str(), 0) == 0;
  });
}

bool fits(const std::string& hostname, const RepositoryName& name) {
  const Location wanted = parse_location(hostname);
  const Location actual = parse_location(name.registry);
  if (wanted.port != actual.port || !host_fits(wanted.host, actual.host)) return false;
  return wanted.path.empty() || (name.repository + "/").starts_with(wanted.path + "/");
}

}  // namespace

ImgpkgEnvironment::ImgpkgEnvironment(const Environment& environment) {
  std::map<std::string, Entry> by_suffix;
  for (auto it = environment.lower_bound(std::string(kPrefix)); it != environment.end(); ++it) {
    const auto& [name, value] = *it;
    if (!name.starts_with(kPrefix)) break;
    if (name == "IMGPKG_REGISTRY_AZURE_CR_CONFIG") continue;
    const std::string_view rest = std::string_view(name).substr(kPrefix.size());
    const auto field = std::ranges::find_if(kFields, [&](std::string_view one) {
      return rest == one || (rest.starts_with(one) && rest[one.size()] == '_');
    });
    if (field == kFields.end()) {
      throw Error(ErrorCode::Usage, text::cat("unknown environment variable ", name))
          .hint("IMGPKG_REGISTRY_ is followed by HOSTNAME, USERNAME, PASSWORD, IDENTITY_TOKEN or REGISTRY_TOKEN");
    }
    Entry& entry = by_suffix[std::string(rest.substr(field->size()))];
    const std::array<std::string*, 5> targets{&entry.hostname, &entry.credential.username, &entry.credential.password,
                                              &entry.credential.identity_token, &entry.credential.registry_token};
    *targets[static_cast<std::size_t>(field - kFields.begin())] = value;
  }
  for (auto& [suffix, entry] : by_suffix) {
    if (!entry.hostname.empty()) entries_.push_back(std::move(entry));
  }
  // In reverse order of their text, longer paths come before shorter ones.
  std::ranges::stable_sort(entries_, std::ranges::greater{}, &Entry::hostname);
}

std::optional<Credential> ImgpkgEnvironment::find(const RepositoryName& name) const {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) { return fits(entry.hostname, name); });
  if (found == entries_.end() || found->credential.is_anonymous()) return std::nullopt;
  return found->credential;
}

}  // namespace ociferry
