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
[[nodiscard]] std::vector<std::string> scope_texts(const Scope& scope);

}  // namespace ociferry
