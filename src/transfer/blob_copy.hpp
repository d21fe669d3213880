#pragma once

#include <cstdint>
#include <vector>

#include "store/store.hpp"
#include "transfer/graph.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

/// What became of the blobs of one transfer.
struct BlobCounts {
  std::size_t written = 0;
  std::size_t mounted = 0;
  std::size_t existed = 0;
  std::uint64_t bytes_written = 0;
};

/// Puts each of `blobs` into `target` on up to `jobs` threads: those of registries the largest first with
/// small ones spread among them, all others in the given order, but for the few that are so large that they would end
/// last. Threads that have nothing left help with what is under way, where `target` takes help. Content of a registry
/// that turns out damaged on the way is fetched once more. A blob that its source does not have does not stop the
/// others: all such are told at the end, as Error{Incomplete}. Any other failure ends it at once. After a failure the
/// target holds some of the blobs. Blocks until all threads have ended.
BlobCounts copy_blobs(std::vector<const Graph::BlobNode*> blobs, BlobTarget& target, const Jobs& jobs,
                      Progress& progress, std::stop_token stop);

}  // namespace ociferry
