#pragma once

#include <set>

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/relocation_plan.hpp"

namespace ociferry {

/// Those of `manifests` (of `graph`) with a `subject` that `place` does not list as its referrers.
[[nodiscard]] std::set<Digest> unlisted(const Graph& graph, const std::set<Digest>& manifests, Resolver& place,
                                        const Context& context);

/// Proves that all attachments in `plan` can be found from their subjects: by tag, or in the list of referrers. Throws
/// Error{Unstable} with all that cannot.
void check_attached_at(const RepositoryPlan& plan, const Graph& graph, const Destination& to, const Context& context);

}  // namespace ociferry
