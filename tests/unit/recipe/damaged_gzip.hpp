#pragma once

#include <cstdint>
#include <string>

namespace ociferry::testing {

/// `gzip` with bits flipped, or bytes lost, doubled, overwritten or cut off, drawn by `seed`. It may still be valid.
[[nodiscard]] std::string damaged_gzip(std::string gzip, std::uint64_t seed);

}  // namespace ociferry::testing
