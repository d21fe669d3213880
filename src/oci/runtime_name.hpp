#pragma once

#include <string>

#include "ociferry/reference.hpp"

namespace ociferry {

/// What lies below "localhost/", where podman puts what it builds, with that as its registry; others as they are. In
/// lock files, and so for Reference::parse(), it is a part of Docker Hub.
[[nodiscard]] RepositoryName local_repository(const RepositoryName& name);
/// The same as containerd, podman, Docker and clusters call it: Docker Hub is "docker.io".
[[nodiscard]] RepositoryName runtime_repository(const RepositoryName& name);
/// As text: "docker.io/library/nginx", "localhost/app".
[[nodiscard]] std::string runtime_name(const RepositoryName& name);

}  // namespace ociferry
