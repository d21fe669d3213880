#include "credentials/cloud_keychains.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "credentials/host_pattern.hpp"
#include "credentials/variables.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

const std::vector<CloudKeychain>& keychains() {
  static const std::vector<CloudKeychain> kAll{
      {"gke",
       {"gcr.io", "*.gcr.io", "*.pkg.dev"},
       {"gcloud", "gcr"},
       "the Google Cloud CLI (docker-credential-gcloud) or docker-credential-gcr"},
      {"aks",
       {"*.azurecr.io", "*.azurecr.cn", "*.azurecr.de", "*.azurecr.us"},
       {"acr-env"},
       "docker-credential-acr-env"},
      {"ecr",
       {"public.ecr.aws", "*.dkr.ecr.*.amazonaws.com", "*.dkr.ecr.*.amazonaws.com.cn", "*.dkr.ecr-fips.*.amazonaws.com",
        "*.dkr-ecr.*.on.aws", "*.dkr-ecr-fips.*.on.aws"},
       {"ecr-login"},
       "amazon-ecr-credential-helper (docker-credential-ecr-login)"},
      {"github", {"ghcr.io"}, {}, ""},
  };
  return kAll;
}

const CloudKeychain& keychain_called(const std::string& name, const std::string& variable) {
  const auto found = std::ranges::find(keychains(), name, &CloudKeychain::name);
  if (found == keychains().end()) {
    throw Error(ErrorCode::Usage,
                text::cat("Unable to load keychain for ", name, ", available keychains [aks, ecr, gke, github]"))
        .hint(variable + " is a list of these, separated by commas");
  }
  return *found;
}

/// GitHub accepts any user name with a token; this is the one that imgpkg sends.
Finding find_github_token(const Environment& environment) {
  const auto token = lookup(environment, "GITHUB_TOKEN");
  if (!token) return skipped("GITHUB_TOKEN is not set");
  return wins({.username = "unset", .password = *token}, "GITHUB_TOKEN");
}

Error missing(const ActiveKeychain& active, const std::string& registry) {
  const CloudKeychain& keychain = *active.keychain;
  std::vector<std::string> programs;
  for (const std::string_view helper : keychain.helpers) programs.push_back(text::cat("docker-credential-", helper));
  return Error(ErrorCode::Unauthorized,
               text::cat("the keychain ", keychain.name, " needs ", text::join(programs, " or "), " for ", registry,
                         ", and there is no such program in the PATH"))
      .hint(text::cat("install ", keychain.to_install, ", or take ", keychain.name, " out of ", active.variable));
}

}  // namespace

std::vector<ActiveKeychain> active_keychains(const Environment& environment) {
  std::vector<ActiveKeychain> active;
  const auto add = [&](const CloudKeychain& keychain, bool named, const std::string& variable) {
    if (std::ranges::find(active, &keychain, &ActiveKeychain::keychain) == active.end())
      active.push_back({&keychain, named, variable});
  };
  const Variable names = find_variable(environment, "ACTIVE_KEYCHAINS").value_or(Variable{});
  for (const std::string& part : text::split(names.value, ',')) {
    const std::string name(text::trim(part));
    if (!name.empty()) add(keychain_called(name, names.name), true, names.name);
  }
  const Variable all = find_variable(environment, "ENABLE_IAAS_AUTH").value_or(Variable{});
  if (text::lower(all.value) == "true") {
    for (const char* name : {"gke", "aks", "ecr"}) add(keychain_called(name, all.name), false, all.name);
  }
  return active;
}

Finding find_in_keychain(const ActiveKeychain& active, const Environment& environment, const RepositoryName& name,
                         const HelperRunner& run_helper) {
  const CloudKeychain& keychain = *active.keychain;
  const bool ours =
      std::ranges::any_of(keychain.hosts, [&](std::string_view pattern) { return host_fits(pattern, name.registry); });
  if (!ours) return no_entry(text::cat(name.registry, " is not a registry of this cloud"));
  if (keychain.helpers.empty()) return find_github_token(environment);
  for (const std::string_view helper : keychain.helpers) {
    try {
      auto credential = run_helper(std::string(helper), name.registry);
      const std::string who = text::cat("docker-credential-", helper, " for '", name.registry, "'");
      return credential ? wins(*std::move(credential), who) : no_entry(who + ", which knows none");
    } catch (const Error& error) {
      if (error.reason() == ErrorReason::HelperMissing) continue;
      if (error.code() == ErrorCode::Interrupted) throw;
      if (!active.named) return skipped(error.message());
      // The helper's own hint is for configuration files; options do not override a keychain.
      throw Error(error.code(), error.message())
          .hint(text::cat("run `echo ", name.registry, " | docker-credential-", helper, " get` to see why, or take ",
                          keychain.name, " out of ", active.variable));
    }
  }
  if (active.named) throw missing(active, name.registry);
  return skipped(text::cat("none of its helpers is installed: ", keychain.to_install));
}

}  // namespace ociferry
