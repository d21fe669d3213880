#pragma once

#include <vector>

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/relocation_plan.hpp"

namespace ociferry {

/// What a destination must have in the end. All of it belongs to others, who must outlive it.
struct ToProve {
  std::vector<const RawManifest*> manifests = {};
  std::vector<const Descriptor*> blobs = {};
};

/// All manifests and blobs of the plan, the blobs of locations images too. The manifests of these are asked for where
/// they are written: whether they are there may depend on what the destination had before.
[[nodiscard]] ToProve everything(const RepositoryPlan& plan);

/// Success is proved, not assumed: reads every manifest back by its digest, and asks for every blob; with Proof::Full
/// reads and hashes it. A registry that does not answer HEAD is asked for the content. Blobs that are not there as they
/// should be are distrusted from then on. `proof` is not Proof::Manifests. Returns how many blobs were proved. Throws
/// Error{Unstable} naming what is missing or damaged, others when nothing can be known.
[[nodiscard]] std::size_t prove(const Destination& to, const ToProve& all, Proof proof, const Context& context);

}  // namespace ociferry
