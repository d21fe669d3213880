#pragma once

#include <string>
#include <string_view>

namespace ociferry {

/// JSON text with what only strict readers refuse replaced as Go's decoder does: bytes that are no UTF-8 and halves of
/// surrogate pairs by U+FFFD; numbers beyond a double's range by 0. All else stays as it is, malformed or not.
[[nodiscard]] std::string repaired_json(std::string_view text);

}  // namespace ociferry
