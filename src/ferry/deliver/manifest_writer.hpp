#pragma once

#include <map>
#include <string>
#include <vector>

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/relocation_plan.hpp"
#include "ferry/deliver/tag_writer.hpp"

namespace ociferry {

/// Puts the manifests of `steps`, each step in parallel. `outdated` has the tags that point to another digest. Throws
/// IndexesRefused with the indexes of a step that are refused only because of absent children; Error. Blocks.
void write_manifests(const std::vector<PlannedStep>& steps, const std::map<std::string, TagState>& outdated,
                     const Graph& graph, const Destination& to, const Context& context);

/// Reads back the manifests of `steps` and compares their digests. Throws Error{Unstable}. Blocks.
void read_back(const std::vector<PlannedStep>& steps, const Destination& to, const Context& context);

}  // namespace ociferry
