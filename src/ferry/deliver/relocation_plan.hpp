#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bundle/locations_image.hpp"
#include "ferry/deliver/placement.hpp"
#include "ferry/set/image_set.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// A manifest and the tag or digest to put it under. The set or the plan owns the manifest.
struct PlannedManifest {
  const RawManifest* raw = nullptr;
  std::string selector;
  const RawManifest* instead = nullptr;  ///< put if `raw` is refused; may be null

  [[nodiscard]] const Digest& digest() const { return raw->descriptor.digest; }
  /// True if `there` is the digest of `raw` or `instead`.
  [[nodiscard]] bool is(const std::optional<Digest>& there) const {
    return there == digest() || (instead != nullptr && there == instead->descriptor.digest);
  }
};

/// Manifests that are put in parallel.
using PlannedStep = std::vector<PlannedManifest>;

/// An image and the tag that it is kept under.
struct PlannedImage {
  const SetImage* image = nullptr;
  PlannedManifest kept = {};
};

/// The locations image of a bundle at the destination.
struct PlannedLocations {
  const SetImage* bundle = nullptr;
  std::shared_ptr<const LocationsImage> image = {};

  /// The tag where pull looks for it; it marks the bundle as complete.
  [[nodiscard]] PlannedManifest mark() const {
    return {&image->manifest, locations_tag(bundle->digest()), &image->oci_manifest};
  }
};

/// Everything that a relocation puts into one repository. Plain data, independent of a destination. Refers to the set,
/// which must outlive it.
struct RepositoryPlan {
  RepositoryName name;
  std::vector<PlannedImage> images = {};  ///< in the set's order
  /// Every manifest once, in steps that depend on the ones before. Children come before parents, and attachments last;
  /// bundles are beside the highest of their images.
  std::vector<PlannedStep> steps = {};
  std::vector<const Graph::BlobNode*> blobs = {};  ///< of all images, by digest
  /// In steps by nesting: inner bundles first, since the locations of an outer bundle imply theirs. All repositories
  /// have the same number of steps.
  std::vector<std::vector<PlannedLocations>> locations = {};
  /// The tags that attach images to others. Put before the roots' tags, so that signatures are found as soon as images
  /// are.
  std::vector<PlannedManifest> attaching_tags = {};
  std::vector<PlannedManifest> root_tags = {};  ///< the commit point
  /// The tags that are put last: if all of them are up to date, so is everything that tags promise. Includes
  /// attachments, which may be newer than the images.
  std::vector<PlannedManifest> marks = {};
};

/// What a relocation writes, where, and in which order: a plan for each repository of `placed`, in the order of their
/// names. A pure function. Throws Error{Usage} if a bundle is scattered over registries.
[[nodiscard]] std::vector<RepositoryPlan> relocation_plan(const PlacedSet& placed, const RelocateOptions& options);

/// Where the images are in the end, by all of their names, in the set's order. Those without a tag of their own are at
/// the tag that they are kept under.
[[nodiscard]] std::vector<PlacedImage> final_names(const SetImage& image, const PlacedSet& placed,
                                                   const RelocateOptions& options);

}  // namespace ociferry
