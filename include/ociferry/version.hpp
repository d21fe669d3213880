#pragma once

#include <string_view>

#include "ociferry/export.hpp"

namespace ociferry {

/// The release this library belongs to, such as "0.2.0" (semantic versioning). Before 1.0 nothing is promised about the
/// next release's interface: programs are compiled again, and each release has a soname of its own.
[[nodiscard]] OCIFERRY_EXPORT std::string_view version() noexcept;

}  // namespace ociferry
