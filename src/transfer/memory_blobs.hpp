#pragma once

#include <map>
#include <string>

#include "store/store.hpp"

namespace ociferry {

/// Generated blobs in memory: manifests in an archive, locations images. Fill it before reading.
class MemoryBlobs : public BlobSource {
 public:
  void add(const Digest& digest, std::string content) { blobs_.emplace(digest, std::move(content)); }
  /// Throws Error{NotFound} if it was never added.
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token stop) override;

 private:
  std::map<Digest, std::string> blobs_;
};

}  // namespace ociferry
