#pragma once

#include <cstddef>

/// Limits on untrusted input. Sizes are in bytes.
namespace ociferry::limits {

/// Manifests and blobs of one transfer.
inline constexpr std::size_t kGraphNodes = 1'000'000;

}  // namespace ociferry::limits
