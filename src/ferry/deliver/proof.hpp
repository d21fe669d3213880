#pragma once

#include <vector>

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/relocation_plan.hpp"

namespace ociferry {

/// What a destination must have in the end. Owns nothing.
struct ToProve {
  std::vector<const RawManifest*> manifests = {};
  std::vector<const Descriptor*> blobs = {};
};

/// All manifests and blobs of the plan, and the blobs of locations images. The manifests of locations images are
/// checked where they are written: an existing one may be kept instead.
[[nodiscard]] ToProve everything(const RepositoryPlan& plan);

/// Reads every manifest back by its digest, and checks by HEAD that every blob exists, or by GET where HEAD finds none;
/// with Proof::Full reads and hashes every blob. Missing or damaged blobs are distrusted from then on. `proof` is not
/// Proof::Manifests. Returns the number of blobs proved. Throws Error{Unstable} naming what is missing or damaged;
/// another Error if that cannot be determined.
[[nodiscard]] std::size_t prove(const Destination& to, const ToProve& all, Proof proof, const Context& context);

}  // namespace ociferry
