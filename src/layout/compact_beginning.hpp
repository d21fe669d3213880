#pragma once

#include <cstdint>
#include <string_view>

#include "base/sizes.hpp"
#include "medium/medium.hpp"

namespace ociferry::compact {

/// The first member of a compact archive: the header.
inline constexpr std::string_view kHeaderFile = "ociferry-compact.json";

/// So many bytes from the beginning of a compact archive are enough for begins_compact(): more than a block of zstd.
inline constexpr std::uint64_t kBeginningBytes = 256 * kKiB;

/// True if `medium` begins like a compact archive. Unpacks its first bytes; waits for them if it is a stream. Throws
/// Error{Io}.
[[nodiscard]] bool begins_compact(const Medium& medium);

}  // namespace ociferry::compact
