#pragma once

#include <map>
#include <memory>
#include <vector>

#include "ociferry/descriptor.hpp"
#include "ociferry/digest.hpp"
#include "store/store.hpp"

namespace ociferry {

/// The layers of other archives that a compact archive is read with, if it builds on these.
struct CompactBase {
  std::vector<Digest> archives;   ///< their fingerprints
  std::vector<Descriptor> blobs;  ///< the layers: digest and size
  /// Where they are. Fill it before the first layer is read; digests are checked when they are read.
  std::map<Digest, std::shared_ptr<BlobSource>> holders = {};

  /// Those of `blobs` that have no holder.
  [[nodiscard]] std::vector<Descriptor> lacking() const {
    std::vector<Descriptor> list;
    for (const Descriptor& blob : blobs) {
      if (!holders.contains(blob.digest)) list.push_back(blob);
    }
    return list;
  }
};

}  // namespace ociferry
