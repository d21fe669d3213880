#pragma once

#include <string_view>

#include "ociferry/error.hpp"

namespace ociferry {

/// An Error for a failed system call: `what` names the call and its object, `saved_errno` says why.
/// ENOSPC, EDQUOT and EFBIG become ErrorCode::Space, ENOENT becomes NotFound, all others Io.
[[nodiscard]] Error system_error(std::string_view what, int saved_errno);

}  // namespace ociferry
