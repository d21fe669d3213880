#pragma once

#include <string_view>

namespace ociferry {

/// The compression format, detected from the first bytes: "gzip", "zstd", "xz", "bzip2", "lz4", "lzip", "zip",
/// "7z" or "rar"; empty if none of these. Six bytes are enough.
[[nodiscard]] std::string_view packing_of(std::string_view head) noexcept;

}  // namespace ociferry
