#pragma once

#include <cstddef>
#include <cstdint>

#include "base/sizes.hpp"

/// Limits on untrusted input. Sizes are in bytes.
namespace ociferry::limits {

/// ImagesLock, BundleLock and locations YAML.
inline constexpr std::uint64_t kYamlBytes = 16 * kMiB;
/// Values and keys of one YAML document.
inline constexpr std::size_t kYamlNodes = 1'000'000;
/// Commas and brackets on one line of YAML. yaml-cpp parses a line in JSON form as a whole.
inline constexpr std::size_t kYamlLineMarks = 250'000;
/// The one layer of a locations image, compressed.
inline constexpr std::uint64_t kLocationsLayerBytes = 16 * kMiB;

}  // namespace ociferry::limits
