#pragma once

#include <optional>
#include <string>

#include "http/headers.hpp"

namespace ociferry {

/// The next page of a list: the target of the first link (RFC 8288) with rel="next", or without rel, as some registries
/// send it. Throws Error{Hostile} for a malformed field, which would end the list early.
[[nodiscard]] std::optional<std::string> next_link(const Headers& headers);

}  // namespace ociferry
