#pragma once

#include <cstdint>
#include <vector>

#include "store/store.hpp"
#include "transfer/graph.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

/// The results of a transfer of blobs.
struct BlobCounts {
  std::size_t written = 0;
  std::size_t mounted = 0;
  std::size_t existed = 0;
  std::uint64_t bytes_written = 0;
};

/// The next step when content from a registry was damaged twice.
inline constexpr const char* kDamagedAtSource =
    "the registry's copy is damaged: have the image pushed there again, then run the same command once more";

/// Puts each of `blobs` into `target` on up to `jobs` threads: those of registries the largest first with
/// small ones spread among them, all others in the given order, except that the few largest, which would finish last,
/// go first. Idle threads help with running transfers, if `target` supports it. Damaged content from a registry is
/// fetched once more. A missing blob does not stop the others: all missing ones are reported at the end, as
/// Error{Incomplete}. Any other failure stops the transfer. After a failure the target has some of the blobs. Blocks
/// until all threads have ended.
BlobCounts copy_blobs(std::vector<const Graph::BlobNode*> blobs, BlobTarget& target, const Jobs& jobs,
                      Progress& progress, std::stop_token stop);

}  // namespace ociferry
