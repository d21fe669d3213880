#pragma once

#include <cstddef>
#include <cstdint>

#include "base/sizes.hpp"

/// Limits on untrusted input. Sizes are in bytes.
namespace ociferry::limits {

/// The part of a registry's error message that is shown.
inline constexpr std::size_t kErrorTextShown = 500;
/// The list of a repository's tags: its pages, its tags, and the size of one page. Some registries send all tags on one
/// page, whatever page size is requested.
inline constexpr std::size_t kTagPages = 10'000;
inline constexpr std::size_t kTags = 1'000'000;
inline constexpr std::size_t kRepositories = 1'000'000;
inline constexpr std::uint64_t kTagPageBytes = 64 * kMiB;
/// Pages of a registry's list of referrers.
inline constexpr std::size_t kReferrerPages = 10'000;
/// How often a list of referrers at a tag is written again because other clients write it too.
inline constexpr int kReferrersTagWrites = 5;
/// The smallest chunk of an upload that a registry may demand (OCI-Chunk-Min-Length).
inline constexpr std::uint64_t kChunkMinLength = 512 * kMiB;

}  // namespace ociferry::limits
