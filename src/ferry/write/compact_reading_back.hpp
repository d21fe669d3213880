#pragma once

#include <optional>

#include "ferry/write/compact_output.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/medium.hpp"

namespace ociferry {

/// Reads all of a compact archive back that was written and synced: first, if `verify_medium`, what its medium itself
/// returns, and returns how that was read; then what it unpacks to, over which zstd has a checksum. Throws
/// Error{Corrupt}, Error{Io}.
[[nodiscard]] std::optional<MediumReading> read_back(const CompactOutput& written, bool verify_medium,
                                                     const Context& context);

}  // namespace ociferry
