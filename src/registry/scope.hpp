#pragma once

#include <string>
#include <vector>

#include "ociferry/reference.hpp"

namespace ociferry {

/// What a request is going to do, as token servers want to know it (distribution, "Token scope").
struct Scope {
  enum class Access { Pull, Push };
  RepositoryName name;  ///< without a repository: nothing but the registry's front door
  Access access = Access::Pull;
  std::string mount_from = {};  ///< another repository of the same registry that is read too
};

/// "repository:NAME:pull" or "repository:NAME:pull,push", and the repository that is mounted from after it.
[[nodiscard]] inline std::vector<std::string> scope_texts(const Scope& scope) {
  if (scope.name.repository.empty()) return {};
  const std::string access = scope.access == Scope::Access::Push ? "pull,push" : "pull";
  std::vector<std::string> texts{"repository:" + scope.name.repository + ":" + access};
  if (!scope.mount_from.empty()) texts.push_back("repository:" + scope.mount_from + ":pull");
  return texts;
}

}  // namespace ociferry
