#include "ferry/gather/reading_order.hpp"

#include <algorithm>

#include "layout/sealed/archive_reader.hpp"

namespace ociferry {

namespace {

bool waits(const ArchiveToVerify& one) {
  const ArchiveReader* const sealed = one.archive->sealed();
  return sealed != nullptr && sealed->stream() == nullptr && sealed->waits_for_volumes();
}

}  // namespace

ReadingOrder::ReadingOrder(const std::vector<ArchiveToVerify>& archives) {
  if (std::ranges::none_of(archives, waits)) return;
  for (const ArchiveToVerify& one : archives) {
    if (one.archive->sealed() == nullptr) continue;
    for (const Descriptor& blob : one.archive->sealed()->blobs()) places_.emplace(blob.digest, places_.size() + 1);
  }
}

Context ReadingOrder::one_at_a_time(const Context& context) const {
  Context one = context;
  if (matters()) one.jobs = 1;
  return one;
}

void ReadingOrder::sort(std::vector<const Graph::BlobNode*>& blobs) const {
  if (!matters()) return;
  std::ranges::stable_sort(blobs, {}, [&](const Graph::BlobNode* blob) {
    const auto found = places_.find(blob->descriptor.digest);
    return found == places_.end() ? 0 : found->second;
  });
}

}  // namespace ociferry
