#pragma once

#include <string_view>

#include "http/redirect.hpp"

namespace ociferry {

/// The URL of an upload's session, from the Location of a response to `method` (distribution-spec, "Pushing blobs").
/// Throws Error if it is missing, or leads from https to http.
[[nodiscard]] Url upload_location(std::string_view method, const Answer& answer);

}  // namespace ociferry
