#include "oci/runtime_name.hpp"

#include <string_view>

namespace ociferry {

namespace {

constexpr std::string_view kHubRegistry = "index.docker.io";
constexpr std::string_view kPodmanPrefix = "localhost/";

}  // namespace

RepositoryName local_repository(const RepositoryName& name) {
  if (name.registry != kHubRegistry || !name.repository.starts_with(kPodmanPrefix)) return name;
  return {"localhost", name.repository.substr(kPodmanPrefix.size())};
}

RepositoryName runtime_repository(const RepositoryName& name) {
  const RepositoryName local = local_repository(name);
  return local.registry == kHubRegistry ? RepositoryName{"docker.io", local.repository} : local;
}

std::string runtime_name(const RepositoryName& name) { return to_string(runtime_repository(name)); }

}  // namespace ociferry
