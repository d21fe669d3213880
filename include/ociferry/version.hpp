#pragma once

#include <string_view>

namespace ociferry {

/// The release this library belongs to, such as "0.1.0" (semantic versioning).
[[nodiscard]] std::string_view version() noexcept;

}  // namespace ociferry
