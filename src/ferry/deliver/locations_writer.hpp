#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "ferry/deliver/relocation_plan.hpp"
#include "ferry/deliver/tag_writer.hpp"

namespace ociferry {

/// What the destination has at these tags, in their order.
using AskTags = std::function<std::vector<TagState>(const std::vector<PlannedManifest>& tags)>;

struct LocationsOptions {
  bool trusts_tags = true;  ///< a locations image whose tag is right is there as a whole
  bool keep_tags = false;   ///< throw Error{Refused} rather than move a tag
};

/// Puts the locations images of one step of a plan, all at once, as a far registry takes its time for each answer.
/// Where the destination refuses Docker's types, which imgpkg writes, OCI's are put. Returns how many manifests were
/// written. Throws Error. Blocks.
std::size_t write_locations(const std::vector<PlannedLocations>& step, const Destination& to, const AskTags& ask,
                            const LocationsOptions& options, const Context& context);

/// True if the destination has a locations image for `bundle` that lists the bundle's images.
[[nodiscard]] bool has_usable_locations(const Destination& to, const SetImage& bundle, const Context& context);

}  // namespace ociferry
