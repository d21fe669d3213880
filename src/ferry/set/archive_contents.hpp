#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "layout/archive_item.hpp"

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

/// A locations image in an archive: nothing of an import needs it, but an archive promises that it is whole.
struct StoredLocations {
  Graph::BlobNode manifest;
  Graph::BlobNode config;
  Graph::BlobNode layer;
};
using StoredLocationsByBundle = std::map<Digest, StoredLocations>;

/// Makes the contents of an archive from a set and the locations images of its bundles. Both must outlive it.
class ContentsBuilder {
 public:
  ContentsBuilder(const ImageSet& set, const StoredLocationsByBundle& locations) : set_(set), locations_(locations) {}

  /// Call `build` or `blobs_in_order`, once.
  [[nodiscard]] ArchiveContents build();
  /// The blobs belong to the set, to the locations, or to the builder.
  [[nodiscard]] std::vector<const Graph::BlobNode*> blobs_in_order();
  /// The entries of index.json.
  [[nodiscard]] std::vector<ArchiveItem> make_items() const;

 private:
  /// What readers need first lies first; within a group the digest decides.
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
