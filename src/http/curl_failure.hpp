#pragma once

#include <string>
#include <string_view>

#include "http/transport.hpp"

namespace ociferry {

/// What libcurl knows about a request that came to nothing.
struct CurlFailure {
  int code = 0;               ///< a CURLcode
  std::string_view why = {};  ///< its own words; may hold what the environment says, secrets included
};

/// The error for it, with a hint where there is a next step; `what` names the request. Holds no secrets.
[[nodiscard]] TransportError transport_error(const std::string& what, const CurlFailure& failure);

}  // namespace ociferry
