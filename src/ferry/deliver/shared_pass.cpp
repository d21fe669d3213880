#include "ferry/deliver/shared_pass.hpp"

#include <cstdint>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "ferry/deliver/all_destinations.hpp"
#include "transfer/blob_copy.hpp"

namespace ociferry {

std::vector<std::exception_ptr> put_in_one_pass(const std::vector<std::vector<BlobToPut>>& destinations,
                                                const Context& context, const ReadingOrder& order) {
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
  const std::string to = destinations.size() == 1 ? "" : text::cat(" to ", destinations.size(), " destinations");
  context.progress->phase(text::cat("writing ", blobs.size(), " blobs", to), bytes);
  std::vector<const Graph::BlobNode*> all_blobs;  // by digest, as in an archive
  for (const auto& [digest, blob] : blobs) all_blobs.push_back(blob);
  order.sort(all_blobs);
  copy_blobs(std::move(all_blobs), all, context.jobs, *context.progress, context.stop);
  return std::move(all).failures();
}

}  // namespace ociferry
