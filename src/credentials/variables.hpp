#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "credentials/environment.hpp"
#include "ociferry/registry_options.hpp"

namespace ociferry {

/// The prefixes of our variables, in order of precedence: OCIFERRY_NAME, and IMGPKG_NAME as in imgpkg.
inline constexpr std::string_view kVariablePrefixes[] = {"OCIFERRY_", "IMGPKG_"};

/// All variables, but without OCIFERRY_* when the program is called as imgpkg.
[[nodiscard]] Environment known_variables(const RegistryOptions& options, Environment environment);

/// A variable that is set and not empty.
struct Variable {
  std::string name = {};
  std::string value = {};  ///< may be a secret
};

/// OCIFERRY_`name`, else IMGPKG_`name`; nullopt if neither is set.
[[nodiscard]] std::optional<Variable> find_variable(const Environment& environment, std::string_view name);

/// A variable without effect.
struct IneffectiveVariable {
  std::string name = {};
  std::string why = {};  ///< "there is no user name to it"; holds no secret
};

/// Those of {OCIFERRY,IMGPKG}_{USERNAME,PASSWORD,TOKEN,ANON,ACTIVE_KEYCHAINS,ENABLE_IAAS_AUTH} without effect because
/// of each other; for the others see ImgpkgEnvironment.
[[nodiscard]] std::vector<IneffectiveVariable> ineffective_variables(const RegistryOptions& options,
                                                                     const Environment& environment);

}  // namespace ociferry
