#include "oci/runtime_name.hpp"

#include <string_view>

namespace ociferry {

namespace {

constexpr std::string_view kHubInLocks = "index.docker.io";
constexpr std::string_view kBuiltHere = "localhost/";

}  // namespace

RepositoryName local_repository(const RepositoryName& name) {
  if (name.registry != kHubInLocks || !name.repository.starts_with(kBuiltHere)) return name;
  return {"localhost", name.repository.substr(kBuiltHere.size())};
}

RepositoryName runtime_repository(const RepositoryName& name) {
  const RepositoryName local = local_repository(name);
  return local.registry == kHubInLocks ? RepositoryName{"docker.io", local.repository} : local;
}

std::string runtime_name(const RepositoryName& name) { return to_string(runtime_repository(name)); }

}  // namespace ociferry
