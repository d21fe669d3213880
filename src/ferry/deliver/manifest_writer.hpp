#pragma once

#include <map>
#include <string>
#include <vector>

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/relocation_plan.hpp"
#include "ferry/deliver/tag_writer.hpp"

namespace ociferry {

/// Puts the manifests of `steps`, those of one step side by side; `others` says which tags point to something else now.
/// Throws IndexesRefused naming the indexes of one step that the destination does not take although it has all of them
/// that is there; Error. Blocks.
void write_manifests(const std::vector<PlannedStep>& steps, const std::map<std::string, TagState>& others,
                     const Graph& graph, const Destination& to, const Context& context);

/// Success is proved, not assumed: reads again what was put, and compares. Throws Error{Unstable}. Blocks.
void read_back(const std::vector<PlannedStep>& steps, const Destination& to, const Context& context);

}  // namespace ociferry
