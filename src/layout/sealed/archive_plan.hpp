#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "layout/sealed/archive_member.hpp"
#include "layout/sealed/seal.hpp"
#include "medium/medium.hpp"
#include "ociferry/descriptor.hpp"

namespace ociferry {

/// The position of every byte of an archive, computed before the first is written: docs/archive-format.md. A pure
/// function of the files before the seal and the list of blobs.
struct ArchivePlan {
  const SealCodec* codec = nullptr;    ///< of the seal
  std::vector<FrontFile> front;        ///< the files before the blobs, in order; the seal is last
  std::vector<ArchiveMember> members;  ///< the files of the front, then the blobs in the given order
  std::uint64_t total_bytes = 0;
  std::optional<SealedDelta> delta = {};  ///< of a delta

  /// The number of members before the blobs.
  [[nodiscard]] std::size_t files() const noexcept { return front.size(); }
  [[nodiscard]] const std::string& seal() const { return front.back().content; }
};

/// Lays out an archive of `files`, the seal that `codec` writes, and `blobs`. `seal_size` is the seal's size if known,
/// which saves work. `delta`: what is left out, if `codec` is that of deltas.
[[nodiscard]] ArchivePlan plan_archive(const SealCodec& codec, std::vector<FrontFile> files,
                                       const std::vector<Descriptor>& blobs, std::size_t seal_size = 0,
                                       std::optional<SealedDelta> delta = {});

/// The same for `items`, in the newest format, with nothing left out.
[[nodiscard]] ArchivePlan plan_archive(const std::vector<ArchiveItem>& items, const std::vector<Descriptor>& blobs,
                                       std::string docker_manifest = "[]");

/// The tar header that every archive begins with.
[[nodiscard]] std::string first_header();
/// True if `medium` begins with it. Other programs that pack the files again write different times, owners or number
/// formats. Throws Error{Io}.
[[nodiscard]] bool has_first_header(const Medium& medium);

}  // namespace ociferry
