#pragma once

#include <memory>
#include <vector>

#include "ferry/image_set.hpp"
#include "layout/archive_index.hpp"
#include "layout/archive_reader.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// What goes into the archive of an image set, in the one order there is: docs/archive-format.md.
struct ArchiveContents {
  std::vector<ArchiveItem> items;      ///< for index.json
  std::string docker_manifest;         ///< manifest.json
  std::vector<Graph::BlobNode> blobs;  ///< manifests and locations images included
};

/// A pure function of the set, which must outlive what it returns; computes the relocatable locations images.
[[nodiscard]] ArchiveContents archive_contents(const ImageSet& set);

/// The digest and size of each blob, for plan_archive.
[[nodiscard]] std::vector<Descriptor> descriptors(const ArchiveContents& contents);

/// Reads a sealed archive's whole graph (everything but the layers of plain images) and checks that it is complete,
/// that it holds nothing else, and that its locations images are right. Throws Error{Incomplete} or Error{Corrupt}.
[[nodiscard]] ImageSet load_sealed_archive(const std::shared_ptr<ArchiveReader>& archive, const Context& context);

}  // namespace ociferry
