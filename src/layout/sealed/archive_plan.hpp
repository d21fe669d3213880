#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "layout/sealed/archive_index.hpp"
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

inline constexpr std::string_view kSealFile = "ociferry.json";
/// A seal of any version is among so many files at the beginning.
inline constexpr std::size_t kMostFrontFiles = 8;
inline constexpr std::uint64_t kArchiveTrailerBytes = 1024;

/// The files that lie before the blobs, in order, less the last one, the seal, which is made from them.
struct ArchiveFront {
  ArchiveEdition edition = ArchiveEdition::Loadable;
  std::vector<std::string> contents;  ///< of front_files(edition)
};

/// The names of the files of an edition's front, in order, less the seal's own.
[[nodiscard]] std::vector<std::string_view> front_files(ArchiveEdition edition);
/// The front with these bytes of index.json and, if the edition has one, manifest.json.
[[nodiscard]] ArchiveFront make_front(std::string index, std::string docker_manifest = "[]",
                                      ArchiveEdition edition = ArchiveEdition::Loadable);

/// Where every byte of an archive goes, known before the first one is written: docs/archive-format.md.
/// A pure function of the front and the list of blobs. The members are the files of the front, the seal (kSealFile),
/// then the blobs in the given order.
struct ArchivePlan {
  ArchiveFront front;
  std::string seal;
  std::vector<ArchiveMember> members;
  std::uint64_t total_bytes = 0;

  /// How many members come before the blobs.
  [[nodiscard]] std::size_t files() const noexcept { return front.contents.size() + 1; }
  /// The content of one of these members.
  [[nodiscard]] const std::string& file_content(std::size_t member) const {
    return member < front.contents.size() ? front.contents[member] : seal;
  }
};

/// Lays an archive out. `seal_size` is how long the seal is, where that is known: then fewer rounds are needed.
[[nodiscard]] ArchivePlan plan_archive(ArchiveFront front, const std::vector<Descriptor>& blobs,
                                       std::size_t seal_size = 0);

/// What a seal says, before it is believed.
struct SealTable {
  ArchiveEdition edition = ArchiveEdition::Loadable;
  std::vector<Digest> files;      ///< of the front, as many as its edition has
  std::vector<Descriptor> blobs;  ///< digest and size, without media type
};

/// Throws Error{Hostile} if a newer ociferry has written `seal`, Error{Corrupt} if it is not of the seal's form.
[[nodiscard]] SealTable parse_seal(std::string_view seal);

}  // namespace ociferry
