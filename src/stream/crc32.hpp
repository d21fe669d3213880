#pragma once

#include <cstdint>

#include "stream/stream.hpp"

namespace ociferry {

/// The CRC-32 of gzip members (RFC 1952, section 8) of what `crc` stands for followed by `bytes`; start with 0.
[[nodiscard]] std::uint32_t crc32(std::uint32_t crc, Bytes bytes) noexcept;

}  // namespace ociferry
