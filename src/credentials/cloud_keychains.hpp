#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "credentials/credential_helper.hpp"
#include "credentials/environment.hpp"
#include "credentials/finding.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// The credentials of one cloud: where its registries are, and who knows how to log in to them.
struct CloudKeychain {
  std::string_view name;                  ///< as IMGPKG_ACTIVE_KEYCHAINS has it
  std::vector<std::string_view> hosts;    ///< patterns, see host_fits
  std::vector<std::string_view> helpers;  ///< the first that is installed is asked; none: GITHUB_TOKEN
  std::string_view to_install;            ///< what brings such a helper
};

/// A keychain that is switched on.
struct ActiveKeychain {
  const CloudKeychain* keychain = nullptr;
  /// Named in a list of keychains: without its helper nothing works. ENABLE_IAAS_AUTH means whatever is there.
  bool named = false;
  std::string variable = {};  ///< that switched it on
};

/// Those that {OCIFERRY,IMGPKG}_ACTIVE_KEYCHAINS names (a list of gke, aks, ecr, github) and that
/// {OCIFERRY,IMGPKG}_ENABLE_IAAS_AUTH=true adds (gke, aks, ecr), in the order in which they are asked. Throws
/// Error{Usage} for an unknown name.
[[nodiscard]] std::vector<ActiveKeychain> active_keychains(const Environment& environment);

/// What the keychain gives for `name`, which it is asked about only if the registry is one of its cloud. Throws Error
/// if a named keychain's helper is missing, or if a helper fails.
[[nodiscard]] Finding find_in_keychain(const ActiveKeychain& active, const Environment& environment,
                                       const RepositoryName& name, const HelperRunner& run_helper);

}  // namespace ociferry
