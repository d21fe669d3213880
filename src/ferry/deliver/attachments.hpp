#pragma once

#include <set>

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/relocation_plan.hpp"

namespace ociferry {

/// Those of `manifests` (of `graph`) that have a `subject`, but that `place` does not list as attached to it.
[[nodiscard]] std::set<Digest> unlisted(const Graph& graph, const std::set<Digest>& manifests, Resolver& place,
                                        const Context& context);

/// Proves that all of `plan` that is attached to something can be found from there: by its tags, or in the list of its
/// subject. Throws Error{Unstable} with all that cannot.
void check_attached_at(const RepositoryPlan& plan, const Graph& graph, const Destination& to, const Context& context);

}  // namespace ociferry
