#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "layout/sealed/archive_member.hpp"
#include "layout/sealed/seal.hpp"
#include "ociferry/descriptor.hpp"

namespace ociferry {

/// Where every byte of an archive goes, known before the first one is written: docs/archive-format.md.
/// A pure function of the files before the seal and the list of blobs.
struct ArchivePlan {
  const SealCodec* codec = nullptr;    ///< of the seal
  std::vector<FrontFile> front;        ///< what lies before the blobs, in order; the seal is the last one
  std::vector<ArchiveMember> members;  ///< the files of the front, then the blobs in the given order
  std::uint64_t total_bytes = 0;

  /// How many members come before the blobs.
  [[nodiscard]] std::size_t files() const noexcept { return front.size(); }
  [[nodiscard]] const std::string& seal() const { return front.back().content; }
};

/// Lays an archive out whose seal, by `codec`, follows `files`. `seal_size` is how long the seal is, where that is
/// known: then fewer rounds are needed.
[[nodiscard]] ArchivePlan plan_archive(const SealCodec& codec, std::vector<FrontFile> files,
                                       const std::vector<Descriptor>& blobs, std::size_t seal_size = 0);

/// The same for an archive of `items` as it is written today.
[[nodiscard]] ArchivePlan plan_archive(const std::vector<ArchiveItem>& items, const std::vector<Descriptor>& blobs,
                                       std::string docker_manifest = "[]");

/// The tar header that every archive begins with.
[[nodiscard]] std::string first_header();

}  // namespace ociferry
