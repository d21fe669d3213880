#pragma once

#include <cstddef>
#include <cstdint>

#include "base/sizes.hpp"

/// Limits on untrusted input. Sizes are in bytes.
namespace ociferry::limits {

/// A path inside a layer, and one component of it.
inline constexpr std::size_t kPathBytes = 4096;
inline constexpr std::size_t kPathComponentBytes = 255;
/// The names of all members of a layer together.
inline constexpr std::uint64_t kTarNamesBytes = 256 * kMiB;
/// The extended header (PAX) of one member.
inline constexpr std::uint64_t kPaxBytes = 64 * kKiB;
/// The memory that a zstd frame may require, as a power of two. libarchive has the same limit.
inline constexpr int kZstdWindowLog = 27;
/// UnpackLimits::ratio applies beyond this size.
inline constexpr std::uint64_t kUnpackRatioFrom = 64 * kMiB;

}  // namespace ociferry::limits
