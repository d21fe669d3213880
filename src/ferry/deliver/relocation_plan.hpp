#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bundle/locations_image.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// A manifest and the tag or digest it is put under. The manifest belongs to the set or the plan.
struct PlannedManifest {
  const RawManifest* raw = nullptr;
  std::string selector;
  const RawManifest* instead = nullptr;  ///< serves as well, and is put where `raw` is refused; null: nothing does

  [[nodiscard]] const Digest& digest() const { return raw->descriptor.digest; }
  /// True if what the destination has there is what is to be.
  [[nodiscard]] bool is(const std::optional<Digest>& there) const {
    return there == digest() || (instead != nullptr && there == instead->descriptor.digest);
  }
};

/// The locations image that a bundle gets at the destination.
struct PlannedLocations {
  const SetImage* bundle = nullptr;
  LocationsImage image;

  /// Where a pull looks for it.
  [[nodiscard]] PlannedManifest mark() const {
    return {&image.manifest, locations_tag(bundle->digest()), &image.oci_manifest};
  }
};

/// What a relocation writes, and in which order: a pure function of what moves, where to, and the options.
class RelocationPlan {
 public:
  /// `set` and `options` must outlive it.
  RelocationPlan(const ImageSet& set, const RelocateOptions& options);

  /// The tag that the image is kept under.
  [[nodiscard]] std::string tag_of(const SetImage& image) const;
  /// Every image under its tag, in the set's order.
  [[nodiscard]] std::vector<PlannedManifest> image_tags() const;
  /// What is put so that `images` are there, in steps: each needs all of the ones before. Children come before
  /// parents, bundles after plain images, roots after inner bundles, and what is attached to an image after all of
  /// them. Images of the set are put only if their digest is among `untagged`; children that are none, always.
  [[nodiscard]] std::vector<std::vector<PlannedManifest>> steps(const std::vector<const SetImage*>& images,
                                                                const std::set<Digest>& untagged) const;
  /// The blobs of `images`, and those that no tag promises (layers that may not be redistributed) of all images.
  [[nodiscard]] std::vector<Graph::BlobNode> blobs(const std::vector<const SetImage*>& images) const;
  /// In steps: inner bundles first, so that whoever sees the outer one's locations can rely on theirs.
  [[nodiscard]] const std::vector<std::vector<PlannedLocations>>& locations() const noexcept { return locations_; }

  /// Signatures must be found before the images they are for; a root's own tag is the commit point.
  enum class Tags { Attaching, Roots };
  [[nodiscard]] std::vector<PlannedManifest> tags(Tags which) const;
  /// The tags that are written last: where all of them are right, so is everything that tags promise. What is attached
  /// to an image may be newer than these, so it is among them.
  [[nodiscard]] std::vector<PlannedManifest> marks() const;
  /// Where the roots are in the end: one for each tag, or under the tag that they are kept under. Without their own
  /// tags, one for each name that they had.
  [[nodiscard]] std::vector<PlacedRoot> roots() const;

 private:
  void plan_locations();
  void add_trees(const std::vector<const SetImage*>& images, const std::set<Digest>& untagged,
                 std::vector<std::vector<PlannedManifest>>& steps) const;
  [[nodiscard]] const RawManifest& raw(const SetImage& image) const { return set_.graph().at(image.digest()).raw; }

  const ImageSet& set_;
  const RelocateOptions& options_;
  std::vector<std::vector<PlannedLocations>> locations_;  ///< by how deep bundles are nested in theirs
};

}  // namespace ociferry
