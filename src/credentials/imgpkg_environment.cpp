#include "credentials/imgpkg_environment.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.hpp"
#include "credentials/host_pattern.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::array<std::string_view, 5> kFields{"HOSTNAME", "USERNAME", "PASSWORD", "IDENTITY_TOKEN",
                                                  "REGISTRY_TOKEN"};

/// "https://user@host/v2/path" in the form for comparisons: "host/path".
std::string normalized(std::string_view text) {
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  const auto slash = std::min(text.find('/'), text.size());
  std::string_view path = text.substr(slash);
  for (const std::string_view version : {"/v1/", "/v2/"}) {
    if (path.starts_with(version)) {
      path.remove_prefix(version.size() - 1);
      break;
    }
  }
  if (path == "/") path = {};
  std::string_view authority = text.substr(0, slash);
  // A URL may contain a password, which must not be shown later.
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  const std::string host = text::lower(authority);
  return text::cat(host == "docker.io" ? "index.docker.io" : host, path);
}

struct HostAndPort {
  std::string_view host;
  std::string_view port;
};

HostAndPort split_port(std::string_view authority) {
  const auto colon = authority.rfind(':');
  if (colon == std::string_view::npos || authority.find(']', colon) != std::string_view::npos) return {authority, ""};
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

bool fits(std::string_view hostname, const RepositoryName& name) {
  const auto slash = std::min(hostname.find('/'), hostname.size());
  const HostAndPort wanted = split_port(hostname.substr(0, slash));
  const HostAndPort actual = split_port(name.registry);
  if (wanted.port != actual.port || !host_fits(wanted.host, actual.host)) return false;
  // A prefix of the text, as in imgpkg: "reg/team" matches "reg/team-a", "reg/team/" does not.
  return text::cat("/", name.repository, "/").starts_with(hostname.substr(slash));
}

}  // namespace

ImgpkgEnvironment::ImgpkgEnvironment(const Environment& environment) {
  for (const std::string_view prefix : kVariablePrefixes) add(environment, text::cat(prefix, "REGISTRY_"));
  // In reverse order of their text, longer paths come before shorter ones, and names before '*'.
  std::ranges::stable_sort(entries_, std::ranges::greater{}, &Entry::hostname);
}

void ImgpkgEnvironment::add(const Environment& environment, const std::string& prefix) {
  std::map<std::string, Entry> by_suffix;
  for (auto it = environment.lower_bound(prefix); it != environment.end(); ++it) {
    const auto& [name, value] = *it;
    if (!name.starts_with(prefix)) break;
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    if (rest == "AZURE_CR_CONFIG") continue;
    const auto field = std::ranges::find_if(kFields, [&](std::string_view one) {
      return rest == one || (rest.starts_with(one) && rest[one.size()] == '_');
    });
    if (field == kFields.end()) {
      throw Error(ErrorCode::Usage, text::cat("unknown environment variable ", name))
          .hint(prefix + " is followed by HOSTNAME, USERNAME, PASSWORD, IDENTITY_TOKEN or REGISTRY_TOKEN");
    }
    Entry& entry = by_suffix[std::string(rest.substr(field->size()))];
    const std::array<std::string*, 5> targets{&entry.hostname, &entry.credential.username, &entry.credential.password,
                                              &entry.credential.identity_token, &entry.credential.registry_token};
    *targets[static_cast<std::size_t>(field - kFields.begin())] = value;
    if (field != kFields.begin() && !value.empty()) entry.variables.push_back(name);
  }
  for (auto& [suffix, entry] : by_suffix) {
    entry.suffix = suffix;
    entry.named_by = text::cat(prefix, "HOSTNAME", suffix);
    entry.hostname = normalized(entry.hostname);
    if (!entry.hostname.empty()) {
      entries_.push_back(std::move(entry));
    } else if (!entry.variables.empty()) {
      without_hostname_.push_back(std::move(entry));
    }
  }
}

std::vector<IneffectiveVariable> ImgpkgEnvironment::ineffective() const {
  std::vector<IneffectiveVariable> all;
  for (const Entry& entry : without_hostname_) {
    for (const std::string& name : entry.variables) all.push_back({name, entry.named_by + " is not set"});
  }
  for (const Entry& entry : entries_) {
    const Entry& first = *std::ranges::find(entries_, entry.hostname, &Entry::hostname);
    if (first.credential != entry.credential) {
      all.push_back({entry.named_by, text::cat(first.named_by, " is for the same registry, and comes first")});
    }
  }
  return all;
}

Finding ImgpkgEnvironment::find(const RepositoryName& name) const {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) { return fits(entry.hostname, name); });
  if (found != entries_.end()) {
    return wins(found->credential, text::cat(found->named_by, "=", found->hostname));
  }
  if (entries_.empty() && without_hostname_.empty()) return not_set("");
  std::vector<std::string> seen;
  for (const Entry& entry : entries_) seen.push_back(text::cat("HOSTNAME", entry.suffix, "=", entry.hostname));
  for (const Entry& entry : without_hostname_) seen.push_back(text::cat("HOSTNAME", entry.suffix, " is missing"));
  return no_entry(text::join(seen, ", "));
}

}  // namespace ociferry
