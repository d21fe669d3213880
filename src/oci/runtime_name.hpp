#pragma once

#include <string>

#include "ociferry/reference.hpp"

namespace ociferry {

/// A name below "localhost/", where podman puts the images that it builds, with localhost as its registry; other names
/// unchanged. In lock files, and so for Reference::parse(), it is a repository of Docker Hub.
[[nodiscard]] RepositoryName local_repository(const RepositoryName& name);
/// The same as containerd, podman, Docker and clusters call it: Docker Hub is "docker.io".
[[nodiscard]] RepositoryName runtime_repository(const RepositoryName& name);
/// As text: "docker.io/library/nginx", "localhost/app".
[[nodiscard]] std::string runtime_name(const RepositoryName& name);

}  // namespace ociferry
