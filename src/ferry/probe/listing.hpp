#pragma once

#include <stop_token>

#include "registry/connection.hpp"

namespace ociferry {

/// True if the repository has a list of tags, be it an empty one. Blocks on the network. Throws Error if it may not be
/// read.
[[nodiscard]] bool has_tag_list(Connection& connection, const RepositoryName& name, const std::stop_token& stop);

/// True if the repository has a list of tags, or is in the registry's catalog: docker-registry goes on listing one
/// whose content was deleted. Blocks on the network. Throws Error if the catalog may not be read.
[[nodiscard]] bool is_listed(Connection& connection, const RepositoryName& name, const std::stop_token& stop);

}  // namespace ociferry
