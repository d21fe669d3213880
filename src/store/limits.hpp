#pragma once

#include <cstddef>
#include <cstdint>

#include "base/sizes.hpp"

/// Limits on untrusted input. Sizes are in bytes.
namespace ociferry::limits {

/// Blobs up to this size are read into memory instead of being streamed.
inline constexpr std::uint64_t kSmallBlobBytes = 1 * kMiB;
/// URLs of one descriptor that are tried for a layer that its registry does not have.
inline constexpr std::size_t kForeignUrls = 16;
/// Manifests attached to the images of one transfer.
inline constexpr std::size_t kReferrers = 100'000;

}  // namespace ociferry::limits
