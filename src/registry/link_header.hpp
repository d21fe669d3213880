#pragma once

#include <optional>
#include <string>

#include "http/headers.hpp"

namespace ociferry {

/// Where a list goes on: the target of the first link (RFC 8288) in the Link fields that is a "next" one, as it is
/// written there. A link that does not say what it is counts as one: some registries leave it out.
/// Throws Error{Hostile} for a field that is malformed, as the list would end too soon without being noticed.
[[nodiscard]] std::optional<std::string> next_link(const Headers& headers);

}  // namespace ociferry
