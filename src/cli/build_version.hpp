#pragma once

#include <string_view>

namespace ociferry {

/// Which build of the program this is, such as "0.2.0-dev+g0a1b2c3d4e5f": see scripts/version.
extern const std::string_view kBuildVersion;

}  // namespace ociferry
