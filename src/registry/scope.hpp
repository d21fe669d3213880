#pragma once

#include <string>
#include <vector>

#include "ociferry/reference.hpp"

namespace ociferry {

/// The access that a request needs (distribution, "Token scope").
struct Scope {
  enum class Access {
    Pull,
    Push,
    Catalog,  ///< the list of repositories
  };
  RepositoryName name;  ///< without a repository: access to the API's root only
  Access access = Access::Pull;
  std::string mount_from = {};  ///< another repository of the same registry that is read too
};

/// "repository:NAME:pull" or "repository:NAME:pull,push", then that of the repository to mount from.
[[nodiscard]] inline std::vector<std::string> scope_texts(const Scope& scope) {
  if (scope.access == Scope::Access::Catalog) return {"registry:catalog:*"};
  if (scope.name.repository.empty()) return {};
  const std::string access = scope.access == Scope::Access::Push ? "pull,push" : "pull";
  std::vector<std::string> texts{"repository:" + scope.name.repository + ":" + access};
  if (!scope.mount_from.empty()) texts.push_back("repository:" + scope.mount_from + ":pull");
  return texts;
}

}  // namespace ociferry
