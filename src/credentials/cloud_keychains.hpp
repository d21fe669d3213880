#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "credentials/credential_helper.hpp"
#include "credentials/environment.hpp"
#include "credentials/finding.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// The registries of one cloud, and its credential helpers.
struct CloudKeychain {
  std::string_view name;                  ///< its name in IMGPKG_ACTIVE_KEYCHAINS
  std::vector<std::string_view> hosts;    ///< patterns, see host_fits
  std::vector<std::string_view> helpers;  ///< the first installed one is used; empty: GITHUB_TOKEN
  std::string_view to_install;            ///< the software with such a helper
};

/// An enabled keychain.
struct ActiveKeychain {
  const CloudKeychain* keychain = nullptr;
  /// Named in a list of keychains: its helper is required. With ENABLE_IAAS_AUTH it is optional.
  bool named = false;
  std::string variable = {};  ///< that enabled it
};

/// Those that {OCIFERRY,IMGPKG}_ACTIVE_KEYCHAINS names (a list of gke, aks, ecr, github) and that
/// {OCIFERRY,IMGPKG}_ENABLE_IAAS_AUTH=true adds (gke, aks, ecr), in search order. Throws
/// Error{Usage} for an unknown name.
[[nodiscard]] std::vector<ActiveKeychain> active_keychains(const Environment& environment);

/// The keychain's credential for `name`, if the registry is one of its cloud. Throws Error if the helper of a named
/// keychain is missing, or if a helper fails.
[[nodiscard]] Finding find_in_keychain(const ActiveKeychain& active, const Environment& environment,
                                       const RepositoryName& name, const HelperRunner& run_helper);

}  // namespace ociferry
