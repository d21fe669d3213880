#pragma once

#include <cstdint>

#include "base/sizes.hpp"

/// Limits on untrusted input. Sizes are in bytes.
namespace ociferry::limits {

/// `index.json` and the seal of an archive.
inline constexpr std::uint64_t kLayoutFileBytes = 64 * kMiB;

}  // namespace ociferry::limits
