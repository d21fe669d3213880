#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "parity/checksum.hpp"
#include "parity/parity_shape.hpp"

namespace ociferry {

/// Parity of an archive OUT is in OUT.parity, or in volumes of that.
inline constexpr std::string_view kParitySuffix = ".parity";

/// The header of a parity file; docs/archive-format.md.
struct ParityHeader {
  ParityShape shape;
  RawDigest set{};   ///< the digest of the archive's seal; zeros if it has none
  RawDigest root{};  ///< as root_of() has it

  friend bool operator==(const ParityHeader&, const ParityHeader&) = default;
};

using ParityPage = std::array<std::byte, kParityPage>;

/// The page that says it, with a digest of its own.
[[nodiscard]] ParityPage to_page(const ParityHeader& header);
/// True if `page` begins like a header, of any version and however damaged.
[[nodiscard]] bool has_parity_magic(Bytes page) noexcept;
/// Strict: what to_page() would not write is refused, and so is what would take more memory than the largest archive.
/// Throws Error{Corrupt} if it is no header or damaged, Error{Hostile} if a newer ociferry wrote it or its numbers
/// cannot be.
[[nodiscard]] ParityHeader parse_parity_header(Bytes page);

}  // namespace ociferry
