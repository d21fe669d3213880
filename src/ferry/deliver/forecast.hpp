#pragma once

#include <vector>

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/missing.hpp"
#include "ferry/deliver/relocation_plan.hpp"
#include "ociferry/plan.hpp"

namespace ociferry {

/// What a round has found out about a repository. Refers to what the round owns.
struct RoundFindings {
  const RepositoryPlan& plan;
  const Missing& missing;
  std::vector<const Graph::BlobNode*> blobs = {};  ///< that may have to be written, with where they can be mounted from
  bool trusts_tags = true;
};

/// What the round would write. Asks the destination for each of the blobs and for the tags that are put last, as
/// writing does; writes nothing. Throws Error. Blocks.
[[nodiscard]] PlannedRepository forecast(const RoundFindings& found, const Graph& graph, const MissingFinder& finder,
                                         const Destination& to, const Context& context);

}  // namespace ociferry
