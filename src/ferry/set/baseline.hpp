#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "ociferry/delta.hpp"
#include "ociferry/digest.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// A blob that a receiver has.
struct HeldBlob {
  std::uint64_t size = 0;
  std::set<RepositoryName> in = {};  ///< where, as far as it is known
};
using HeldBlobs = std::map<Digest, HeldBlob>;

/// What all receivers of an archive have already.
struct Baseline {
  HeldBlobs blobs = {};
  std::vector<BuiltOn> builds_on = {};  ///< what says so; sorted
};

}  // namespace ociferry
