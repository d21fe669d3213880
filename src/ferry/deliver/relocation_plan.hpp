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

/// A manifest and the tag or digest to put it under. The manifest belongs to the set or the plan.
struct PlannedManifest {
  const RawManifest* raw = nullptr;
  std::string selector;
  const RawManifest* instead = nullptr;  ///< an equivalent that is put if `raw` is refused; may be null

  [[nodiscard]] const Digest& digest() const { return raw->descriptor.digest; }
  /// True if `there` is up to date.
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

  /// The tag where pull looks for it.
  [[nodiscard]] PlannedManifest mark() const {
    return {&image->manifest, locations_tag(bundle->digest()), &image->oci_manifest};
  }
};

/// All that one repository has when a relocation is done. Data, which can be read without any destination; it refers to
/// the set, which must outlive it.
struct RepositoryPlan {
  RepositoryName name;
  std::vector<PlannedImage> images = {};  ///< in the set's order
  /// Every manifest once, in steps, each of which needs all of the ones before. Children come before parents, bundles
  /// after plain images, roots after inner bundles, and what is attached to an image after all of them.
  std::vector<PlannedStep> steps = {};
  std::vector<const Graph::BlobNode*> blobs = {};  ///< of all images, by digest
  /// In steps, by how deep bundles are nested in theirs: inner bundles come first, so that whoever sees the outer one's
  /// locations can rely on theirs. All repositories of a plan have the same number of steps.
  std::vector<std::vector<PlannedLocations>> locations = {};
  /// The tags that attach images to others: signatures must be found before the images that they are for.
  std::vector<PlannedManifest> attaching_tags = {};
  std::vector<PlannedManifest> root_tags = {};  ///< the commit point
  /// The tags that are written last: where all of them are right, so is everything that tags promise. What is attached
  /// to an image may be newer than these, so it is among them.
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
