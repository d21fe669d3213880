#pragma once

#include <string>
#include <vector>

#include "registry/connection.hpp"

namespace ociferry {

/// The repositories that the registry's catalog lists, sorted, each once, as their paths. Many registries have none, or
/// deny it: throws Error with the code of the response, and Error{Hostile} if the list is malformed or too long. Blocks
/// on the registry.
[[nodiscard]] std::vector<std::string> list_catalog(Connection& connection);

}  // namespace ociferry
