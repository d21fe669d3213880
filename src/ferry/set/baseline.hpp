#pragma once

#include <set>

#include "ociferry/digest.hpp"

namespace ociferry {

/// The content that the receiver of an archive already has. Always empty today: readers of archives do not support it
/// yet.
struct Baseline {
  std::set<Digest> blobs = {};  ///< manifests included
};

}  // namespace ociferry
