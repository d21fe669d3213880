#pragma once

#include <cstddef>

#include "base/sizes.hpp"

namespace ociferry {

/// The size, in bytes, of a buffer for reading a whole blob: large enough that calls cost little, small enough for one
/// on each thread.
inline constexpr std::size_t kReadBufferBytes = kMiB;

}  // namespace ociferry
