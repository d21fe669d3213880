#pragma once

#include <memory>
#include <utility>

#include "medium/medium.hpp"
#include "store/store.hpp"

namespace ociferry {

/// A blob that is all of a medium.
class MediumBlob : public BlobSource {
 public:
  MediumBlob(const Digest& digest, std::unique_ptr<Medium> medium) : digest_(digest), medium_(std::move(medium)) {}
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token stop) override;

 private:
  Digest digest_;
  std::unique_ptr<Medium> medium_;
};

}  // namespace ociferry
