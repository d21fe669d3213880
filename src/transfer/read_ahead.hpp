#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <vector>

#include "ociferry/jobs.hpp"
#include "transfer/graph.hpp"

namespace ociferry {

/// Reads blobs that are wanted in one order: small ones are fetched ahead of their turn, several at a time, into a
/// bounded amount of memory; large ones are passed through when their turn comes.
class ReadAhead {
 public:
  /// `blobs` must outlive it. Starts threads, as many as `jobs` says, or a few.
  ReadAhead(std::vector<const Graph::BlobNode*> blobs, const Jobs& jobs, std::stop_token stop);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  /// Stops what is being fetched, and waits for it.
  ~ReadAhead();

  /// The bytes of the blob with this index, which prove to be right, or reading throws: of a small blob before its
  /// first byte, of a large one before its last. Goes on by itself where a connection breaks. To be called once for
  /// each blob, in their order. Throws Error{Corrupt}, Error{NotFound}, Error{Interrupted}, and what sources throw.
  [[nodiscard]] std::unique_ptr<ByteSource> open(std::size_t index);

 private:
  class Fetched;

  std::vector<const Graph::BlobNode*> blobs_;
  std::stop_token stop_;
  std::unique_ptr<Fetched> fetched_;
};

}  // namespace ociferry
