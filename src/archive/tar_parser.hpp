#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "archive/sparse_map.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// A decoded tar header block. Names are unchecked, and extended headers may override them.
struct TarBlock {
  std::string path;
  std::string link;
  char type = '0';
  std::uint32_t mode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime = 0;                 ///< seconds since 1970
  std::optional<std::uint64_t> uid = {};  ///< absent if the field holds no number; then readers take another one
  std::optional<std::uint64_t> gid = {};
};

/// Decodes one header block of kTarBlock bytes in v7, ustar (POSIX.1-2017, pax, "ustar Interchange Format") or GNU
/// form, numbers in base 256 included. Throws Error{Corrupt} if the checksum is wrong or a number is not one.
[[nodiscard]] TarBlock parse_tar_block(Bytes block);

/// The number in a header's field, in octal digits or in base 256; 0 if it is blank. `what` is for messages. Throws
/// Error{Corrupt} if it is none, or negative.
[[nodiscard]] std::uint64_t tar_number(std::string_view field, std::string_view what);

/// What a PAX extended header overrides (POSIX.1-2017, pax, "pax Extended Header").
struct PaxRecords {
  std::optional<std::string> path = {};
  std::optional<std::string> link = {};
  std::optional<std::uint64_t> size = {};
  std::optional<std::int64_t> mtime = {};  ///< whole seconds; a fraction is dropped
  std::optional<std::uint64_t> uid = {};   ///< absent also if it is no number
  std::optional<std::uint64_t> gid = {};
  SparseRecords sparse = {};
};

/// Decodes the body of an extended header; names are taken byte by byte, in no character set. Throws Error{Corrupt}
/// if it is malformed, Error{Hostile} for a name with a NUL and for a malformed map of holes.
[[nodiscard]] PaxRecords parse_pax_records(std::string_view body);

/// True if all of `bytes` are zero.
[[nodiscard]] bool is_all_zero(Bytes bytes) noexcept;

}  // namespace ociferry
