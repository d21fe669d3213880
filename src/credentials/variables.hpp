#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "credentials/environment.hpp"
#include "ociferry/registry_options.hpp"

namespace ociferry {

/// The beginnings of our variables' names, in the order in which they count: each is known as OCIFERRY_NAME and, as
/// imgpkg has it, as IMGPKG_NAME.
inline constexpr std::string_view kVariablePrefixes[] = {"OCIFERRY_", "IMGPKG_"};

/// The variables that count: all, but without OCIFERRY_* where the program stands in for imgpkg.
[[nodiscard]] Environment known_variables(const RegistryOptions& options, Environment environment);

/// A variable that is set, and not to nothing.
struct Variable {
  std::string name = {};
  std::string value = {};  ///< may be a secret
};

/// OCIFERRY_`name`, else IMGPKG_`name`; nullopt if neither is set.
[[nodiscard]] std::optional<Variable> find_variable(const Environment& environment, std::string_view name);

/// A variable that somebody has set in vain.
struct IneffectiveVariable {
  std::string name = {};
  std::string why = {};  ///< "there is no user name to it"; holds no secret
};

/// Those of {OCIFERRY,IMGPKG}_{USERNAME,PASSWORD,TOKEN,ANON,ACTIVE_KEYCHAINS,ENABLE_IAAS_AUTH} that count for nothing
/// beside each other; for the others see ImgpkgEnvironment.
[[nodiscard]] std::vector<IneffectiveVariable> ineffective_variables(const RegistryOptions& options,
                                                                     const Environment& environment);

}  // namespace ociferry
