#pragma once

#include <functional>
#include <vector>

#include "ferry/deliver/relocation_plan.hpp"
#include "ferry/deliver/tag_writer.hpp"
#include "transfer/graph.hpp"

namespace ociferry {

/// Returns the states of tags at the destination, in order.
using AskTags = std::function<std::vector<TagState>(const std::vector<PlannedManifest>& tags)>;

/// A locations image to write, and the tags that it still needs: its own, then its bundle's. Bundles with the same
/// images share a locations image, and so its own tag.
struct NewLocations {
  const PlannedLocations* planned = nullptr;
  std::vector<TagState> tags = {};
  bool has_blobs = false;  ///< its blobs were put ahead
};

/// The locations images of one step of a plan that must be put. With `trusts_tags`, one with an up-to-date tag is
/// complete. `step` must outlive the result. Throws Error. Blocks.
[[nodiscard]] std::vector<NewLocations> new_locations(const std::vector<PlannedLocations>& step, const AskTags& ask,
                                                      bool trusts_tags);

/// The blobs of locations images, each once.
[[nodiscard]] std::vector<Graph::BlobNode> blobs_of(const std::vector<const PlannedLocations*>& locations);

/// The tags that locations images are kept under, each once: bundles with the same images share one.
[[nodiscard]] std::vector<PlannedManifest> own_tags(const std::vector<const PlannedLocations*>& locations);

/// Puts the manifests of locations images whose blobs are there, in parallel, under their own tags only: no one looks
/// there, so that may be done before their bundles. Leaves what exists, and what the destination refuses, to
/// `put_locations`. Returns the tags that it put. Throws Error. Blocks.
std::vector<PlannedManifest> put_own_tags(const std::vector<const PlannedLocations*>& locations, const Destination& to,
                                          const AskTags& ask, const Context& context);

/// Puts the locations images of one step of a plan, in parallel. Uses Docker's media types like imgpkg, or OCI's if the
/// destination refuses those. With `keep_tags`, throws Error{Refused} instead of moving a tag. Returns the tags that it
/// put. Throws Error. Blocks.
[[nodiscard]] std::vector<PlannedManifest> put_locations(const std::vector<NewLocations>& fresh, const Destination& to,
                                                         bool keep_tags, const Context& context);

/// True if the destination has a locations image for `bundle` that lists the bundle's images.
[[nodiscard]] bool has_usable_locations(const Destination& to, const SetImage& bundle, const Context& context);

}  // namespace ociferry
