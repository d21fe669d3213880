#include "store/medium_blob.hpp"

#include "base/text.hpp"

namespace ociferry {

std::unique_ptr<ByteSource> MediumBlob::open(const Descriptor& blob, std::uint64_t offset, std::stop_token) {
  if (blob.digest != digest_) {
    throw Error(ErrorCode::NotFound, text::cat(medium_->name(), ": no blob ", blob.digest.text()));
  }
  return std::make_unique<MediumSource>(*medium_, offset, blob.size - offset);
}

}  // namespace ociferry
