#pragma once

#include <stop_token>

#include "ociferry/descriptor.hpp"
#include "registry/connection.hpp"
#include "registry/scope.hpp"

namespace ociferry {

/// HEAD blobs/<digest>; false if refused; 405 and 501 mean that HEAD is not supported. Throws Error for 401, and for
/// temporary failures.
[[nodiscard]] bool blob_exists(Connection& connection, const Scope& scope, const Descriptor& blob,
                               std::stop_token stop);

}  // namespace ociferry
