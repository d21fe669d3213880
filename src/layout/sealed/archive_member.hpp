#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ociferry/digest.hpp"

namespace ociferry {

/// One file of the tar. Offsets are in bytes from the archive's beginning.
struct ArchiveMember {
  std::string file = {};  ///< the name of a file that is not a blob
  std::uint64_t header_offset = 0;
  std::uint64_t offset = 0;  ///< of its content
  std::uint64_t size = 0;
  std::optional<Digest> blob = {};

  /// "blobs/ALGORITHM/HEX", or `file`.
  [[nodiscard]] std::string name() const;
  /// The bytes of its tar header; tar_header() with the archive's fixed fields.
  [[nodiscard]] std::string header() const;
  /// The offset of the first byte after its padding.
  [[nodiscard]] std::uint64_t end() const;
};

/// A file that lies before the blobs.
struct FrontFile {
  std::string name;
  std::string content;
};

inline constexpr std::string_view kSealFile = "ociferry.json";
/// The seal of every version is within this many files from the beginning.
inline constexpr std::size_t kMostFrontFiles = 8;
inline constexpr std::uint64_t kArchiveTrailerBytes = 1024;

}  // namespace ociferry
