#pragma once

#include <string_view>

namespace ociferry {

/// The program that packed something, told by its first bytes: "gzip", "zstd", "xz", "bzip2", "lz4", "lzip", "zip",
/// "7z" or "rar"; empty if none of them did. Six bytes are enough.
[[nodiscard]] std::string_view packing_of(std::string_view head) noexcept;

}  // namespace ociferry
