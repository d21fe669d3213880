#pragma once

#include <cstdint>

namespace ociferry {

/// The limits of unpacking an image. One that is trusted may exceed them: one with a disk full of zeros, or with a few
/// million files. All other limits on what is read are fixed; each layer of the library has its own.
struct UnpackLimits {
  std::uint64_t bytes = std::uint64_t{1} << 40;  ///< of all files of an image, and of each layer
  std::uint64_t ratio = 1000;                    ///< of unpacked to packed bytes of a layer, beyond its first 64 MiB
  std::uint64_t members = 2'000'000;             ///< of an image
};

}  // namespace ociferry
