#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ociferry/descriptor.hpp"

namespace ociferry {

/// One file of the tar, where it lies and how long it is (bytes from the archive's beginning).
struct ArchiveMember {
  std::string file = {};  ///< the name of one that is no blob
  std::uint64_t header_offset = 0;
  std::uint64_t offset = 0;  ///< of its content
  std::uint64_t size = 0;
  std::optional<Digest> blob = {};

  /// "blobs/ALGORITHM/HEX", or what `file` says.
  [[nodiscard]] std::string name() const;
  /// The bytes of its tar header; tar_header() with the archive's fixed fields.
  [[nodiscard]] std::string header() const;
  /// The first byte behind its padding.
  [[nodiscard]] std::uint64_t end() const;
};

/// Where every byte of an archive goes, known before the first one is written: docs/archive-format.md.
/// A pure function of index.json and the list of blobs. The members are oci-layout, index.json and the seal
/// (ociferry.json), then the blobs in the given order.
struct ArchivePlan {
  std::string index;
  std::string seal;
  std::vector<ArchiveMember> members;
  std::uint64_t total_bytes = 0;
};

/// How many members of a plan come before the blobs, and what closes the tar.
inline constexpr std::size_t kArchiveFiles = 3;
inline constexpr std::uint64_t kArchiveTrailerBytes = 1024;
inline constexpr std::string_view kOciLayoutContent = R"({"imageLayoutVersion":"1.0.0"})";

/// Lays an archive out. `seal_size` is how long the seal is, where that is known: then fewer rounds are needed.
[[nodiscard]] ArchivePlan plan_archive(std::string index, const std::vector<Descriptor>& blobs,
                                       std::size_t seal_size = 0);

/// The content of one of the first kArchiveFiles members.
[[nodiscard]] std::string_view file_content(const ArchivePlan& plan, std::size_t member);

/// What a seal says, before it is believed.
struct SealTable {
  Digest index;                   ///< of index.json
  std::vector<Descriptor> blobs;  ///< digest and size, without media type
};

/// Throws Error{Corrupt} if `seal` is not of the seal's form.
[[nodiscard]] SealTable parse_seal(std::string_view seal);

}  // namespace ociferry
