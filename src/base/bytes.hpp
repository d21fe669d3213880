#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace ociferry {

/// Bytes in memory, not owned.
using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

/// The same memory, seen as bytes or as text.
[[nodiscard]] inline Bytes as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
[[nodiscard]] inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace ociferry
