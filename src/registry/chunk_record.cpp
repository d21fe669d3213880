#include "registry/chunk_record.hpp"

#include <algorithm>
#include <bit>

namespace ociferry {

std::optional<std::uint64_t> ChunkRecord::limit() const {
  const std::lock_guard lock(mutex_);
  return limit_;
}

bool ChunkRecord::lower(std::uint64_t bytes) {
  if (bytes <= kSmallestBytes) return false;
  // A power of two, so that limits in whole kilobytes and megabytes are met exactly.
  const std::uint64_t smaller = std::min(kChunkBytes, std::bit_floor(bytes - 1));
  const std::lock_guard lock(mutex_);
  limit_ = std::min(limit_.value_or(smaller), smaller);
  return !refused_;
}

void ChunkRecord::refuse() {
  const std::lock_guard lock(mutex_);
  refused_ = true;
}

bool ChunkRecord::is_refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace ociferry
