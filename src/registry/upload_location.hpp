#pragma once

#include <string_view>

#include "http/redirect.hpp"

namespace ociferry {

/// Where an answer to `method` says that an upload goes on (Location; distribution-spec, "Pushing blobs"). Throws Error
/// if it names no place, or one that takes the upload from https to http.
[[nodiscard]] Url upload_location(std::string_view method, const Answer& answer);

}  // namespace ociferry
