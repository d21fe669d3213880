#include "transfer/memory_blobs.hpp"

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"

namespace ociferry {

std::unique_ptr<ByteSource> MemoryBlobs::open(const Descriptor& blob, std::uint64_t offset, std::stop_token) {
  const auto found = blobs_.find(blob.digest);
  if (found == blobs_.end()) throw Error(ErrorCode::NotFound, text::cat("no blob ", blob.digest.text()));
  return std::make_unique<StringSource>(found->second, offset);
}

}  // namespace ociferry
