#pragma once

#include <chrono>
#include <exception>
#include <stop_token>
#include <vector>

#include "store/store.hpp"

namespace ociferry {

/// A target for a blob, and where the blob is read, and may be mounted, from. Neither may be null.
struct BlobPut {
  BlobTarget* target = nullptr;
  BlobSource* from = nullptr;
};

/// Puts `blob` into all targets at the same time. Their sources have the same bytes, which are read from the first one,
/// once: what one target reads, the others get from memory (4 MiB). A target that does not move for `patience` while
/// the others wait for it, or that begins again after a failure, reads for itself. A target that fails does not stop
/// the others. Returns the exception of each target, null for success. `progress` gets the bytes of each target. Blocks
/// until all targets have ended.
[[nodiscard]] std::vector<std::exception_ptr> put_into_all(
    const Descriptor& blob, const std::vector<BlobPut>& puts, Progress& progress, const std::stop_token& stop,
    std::chrono::milliseconds patience = std::chrono::seconds(2));

}  // namespace ociferry
