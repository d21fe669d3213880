#include "ferry/deliver/shared_pass.hpp"

#include <cstdint>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "ferry/deliver/all_destinations.hpp"
#include "transfer/blob_copy.hpp"

namespace ociferry {

std::vector<std::exception_ptr> put_in_one_pass(const std::vector<std::vector<BlobToPut>>& destinations,
                                                const Context& context) {
  std::map<Digest, const Graph::BlobNode*> blobs;
  std::uint64_t bytes = 0;
  for (const auto& puts : destinations) {
    for (const BlobToPut& put : puts) {
      blobs.emplace(put.blob->descriptor.digest, put.blob);
      bytes += put.blob->descriptor.size;
    }
  }
  AllDestinations all(destinations);
  if (blobs.empty()) return std::move(all).failures();
  context.progress->phase(text::cat("writing ", blobs.size(), " blobs to ", destinations.size(), " destinations"),
                          bytes);
  std::vector<const Graph::BlobNode*> order;  // by digest, as in an archive
  for (const auto& [digest, blob] : blobs) order.push_back(blob);
  copy_blobs(std::move(order), all, context.jobs, *context.progress, context.stop);
  return std::move(all).failures();
}

}  // namespace ociferry
