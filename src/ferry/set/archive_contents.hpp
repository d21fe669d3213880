#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ferry/set/baseline.hpp"
#include "ferry/set/image_set.hpp"
#include "layout/archive_item.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "layout/sealed/seal.hpp"
#include "ociferry/delta.hpp"

namespace ociferry {

/// The contents of the archive of an image set, in order: docs/archive-format.md.
struct ArchiveContents {
  std::vector<ArchiveItem> items;                      ///< for index.json
  std::string docker_manifest;                         ///< manifest.json
  std::vector<const Graph::BlobNode*> blobs;           ///< manifests and locations images included
  std::vector<std::shared_ptr<const void>> made = {};  ///< owns the blobs that the set does not own
  std::vector<LeftOutBlob> left_out = {};              ///< in the order of the full archive
  std::vector<BuiltOn> builds_on = {};                 ///< what says that the receiver has these
  std::vector<Descriptor> all = {};  ///< with a baseline: the blobs of the full archive, as `descriptors` gives them
};

/// Computes the contents, with locations images that can be relocated; a pure function of the set, which must outlive
/// the result. Leaves out the layers of the baseline, but no items.
[[nodiscard]] ArchiveContents archive_contents(const ImageSet& set, const Baseline& baseline);

/// The layers that may be left out of an archive: those of images. Everything else is needed to know what there is.
[[nodiscard]] std::set<Digest> separable_layers(const ImageSet& set);

/// The plan of the archive that `set` makes: of a delta, if `contents`, which belongs to the set, leaves something out.
[[nodiscard]] ArchivePlan plan_of(const ArchiveContents& contents, const ImageSet& set);

/// The digest and size of each blob, for plan_archive.
[[nodiscard]] std::vector<Descriptor> descriptors(const ArchiveContents& contents);

/// A locations image in an archive. An import makes new ones, but the archive must be complete.
struct StoredLocations {
  Graph::BlobNode manifest;
  Graph::BlobNode config;
  Graph::BlobNode layer;
};
using StoredLocationsByBundle = std::map<Digest, StoredLocations>;

/// Builds the parts of ArchiveContents from a set and the locations images of its bundles. Both must outlive it.
class ContentsBuilder {
 public:
  ContentsBuilder(const ImageSet& set, const StoredLocationsByBundle& locations) : set_(set), locations_(locations) {}

  /// The set, the locations or the builder owns the blobs. Call it once.
  [[nodiscard]] std::vector<const Graph::BlobNode*> blobs_in_order();
  /// The entries of index.json.
  [[nodiscard]] std::vector<ArchiveItem> make_items() const;

 private:
  /// In the order that readers need them; within a group, by digest.
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
