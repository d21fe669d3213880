#pragma once

#include <string>
#include <string_view>

#include "oci/json.hpp"

namespace ociferry {

/// The media type of a manifest or index by its own bytes: the `mediaType` that it names, else what it must be. One
/// that names none is OCI's, since Docker's have to; unless `given` (what a server's header or an index says, may be
/// empty) calls it Docker's and nothing in it is of an OCI type. Whether it is an index is never taken from `given`.
[[nodiscard]] std::string manifest_type(const Json& body, std::string_view given);

}  // namespace ociferry
