#include "registry/scope.hpp"

namespace ociferry {

std::vector<std::string> scope_texts(const Scope& scope) {
  if (scope.access == Scope::Access::Catalog) return {"registry:catalog:*"};
  if (scope.name.repository.empty()) return {};
  const std::string access = scope.access == Scope::Access::Push ? "pull,push" : "pull";
  std::vector<std::string> texts{"repository:" + scope.name.repository + ":" + access};
  if (!scope.mount_from.empty()) texts.push_back("repository:" + scope.mount_from + ":pull");
  return texts;
}

}  // namespace ociferry
