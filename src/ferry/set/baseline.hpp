#pragma once

#include <set>

#include "ociferry/digest.hpp"

namespace ociferry {

/// What the receiver of an archive has already. Nothing, today: whatever makes a baseline has to make the reader of
/// such an archive know of it, too.
struct Baseline {
  std::set<Digest> blobs = {};  ///< manifests among them
};

}  // namespace ociferry
