#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "ferry/deliver/relocation_plan.hpp"
#include "ferry/deliver/tag_writer.hpp"

namespace ociferry {

/// Returns the states of tags at the destination, in order.
using AskTags = std::function<std::vector<TagState>(const std::vector<PlannedManifest>& tags)>;

/// A locations image to write, and the tags that it still needs: its own, then its bundle's. Bundles with the same
/// images share a locations image, and so its own tag.
struct NewLocations {
  const PlannedLocations* planned = nullptr;
  std::vector<TagState> tags = {};
};

/// The locations images of one step of a plan that must be put. With `trusts_tags`, one with an up-to-date tag is
/// complete. `step` must outlive the result. Throws Error. Blocks.
[[nodiscard]] std::vector<NewLocations> new_locations(const std::vector<PlannedLocations>& step, const AskTags& ask,
                                                      bool trusts_tags);

struct LocationsOptions {
  bool trusts_tags = true;  ///< a locations image with an up-to-date tag is complete
  bool keep_tags = false;   ///< throw Error{Refused} instead of moving a tag
};

/// Puts the locations images of one step of a plan, in parallel. Uses Docker's media types like imgpkg, or OCI's if the
/// destination refuses those. Returns the number of manifests written. Throws Error. Blocks.
std::size_t write_locations(const std::vector<PlannedLocations>& step, const Destination& to, const AskTags& ask,
                            const LocationsOptions& options, const Context& context);

/// True if the destination has a locations image for `bundle` that lists the bundle's images.
[[nodiscard]] bool has_usable_locations(const Destination& to, const SetImage& bundle, const Context& context);

}  // namespace ociferry
