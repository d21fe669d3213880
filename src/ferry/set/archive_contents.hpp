#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ferry/set/baseline.hpp"
#include "ferry/set/image_set.hpp"
#include "layout/archive_item.hpp"

namespace ociferry {

/// The contents of the archive of an image set, in their order: docs/archive-format.md.
struct ArchiveContents {
  std::vector<ArchiveItem> items;                      ///< for index.json
  std::string docker_manifest;                         ///< manifest.json
  std::vector<const Graph::BlobNode*> blobs;           ///< manifests and locations images included
  std::vector<std::shared_ptr<const void>> made = {};  ///< owns those of `blobs` that do not belong to the set
};

/// A pure function of the set, which must outlive what it returns; computes the relocatable locations images. Blobs of
/// the baseline are left out; the items are those of the whole set all the same.
[[nodiscard]] ArchiveContents archive_contents(const ImageSet& set, const Baseline& baseline);

/// The digest and size of each blob, for plan_archive.
[[nodiscard]] std::vector<Descriptor> descriptors(const ArchiveContents& contents);

/// A locations image in an archive. Import does not need it, but an archive must have all of it.
struct StoredLocations {
  Graph::BlobNode manifest;
  Graph::BlobNode config;
  Graph::BlobNode layer;
};
using StoredLocationsByBundle = std::map<Digest, StoredLocations>;

/// Makes the parts of an archive's contents from a set and the locations images of its bundles. Both must outlive it.
class ContentsBuilder {
 public:
  ContentsBuilder(const ImageSet& set, const StoredLocationsByBundle& locations) : set_(set), locations_(locations) {}

  /// The blobs belong to the set, to the locations, or to the builder. To be called once.
  [[nodiscard]] std::vector<const Graph::BlobNode*> blobs_in_order();
  /// The entries of index.json.
  [[nodiscard]] std::vector<ArchiveItem> make_items() const;

 private:
  /// Blobs that readers need first come first; within a group, by digest.
  enum class Group { Manifests, Configs, Locations, BundleLayers, Layers };

  void add(Group group, const Graph::BlobNode& blob);
  void add_manifests();
  void add_locations();
  void add_layers();

  const ImageSet& set_;
  const StoredLocationsByBundle& locations_;
  std::deque<Graph::BlobNode> manifests_;
  std::map<Digest, std::pair<Group, const Graph::BlobNode*>> blobs_;
};

}  // namespace ociferry
