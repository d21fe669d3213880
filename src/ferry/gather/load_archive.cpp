#include "ferry/gather/load_archive.hpp"

#include "ferry/gather/foreign_archive.hpp"
#include "ferry/gather/reading_archive.hpp"
#include "ferry/gather/sealed_archive.hpp"
#include "layout/sealed/archive_reader.hpp"

namespace ociferry {

ImageSet load_archive(const std::shared_ptr<ImageArchive>& archive, const Context& context) {
  return reading_archive([&] {
    return archive->sealed() ? load_sealed_archive(archive, context) : load_foreign_archive(archive, context);
  });
}

Context in_order_if_needed(const Context& context, const ImageArchive& archive) {
  Context one = context;
  const ArchiveReader* sealed = archive.sealed();
  if (sealed != nullptr && (sealed->stream() != nullptr || sealed->waits_for_volumes())) one.jobs = 1;
  return one;
}

void check_headers(const ImageArchive& archive) {
  if (const ArchiveReader* sealed = archive.sealed()) sealed->check_headers();
}

std::vector<Descriptor> blobs_to_verify(const ImageArchive& archive, const ImageSet& set) {
  if (const ArchiveReader* sealed = archive.sealed()) return sealed->blobs();
  std::vector<Descriptor> blobs;
  for (const auto& [digest, blob] : set.graph().blobs()) blobs.push_back(blob.descriptor);
  return blobs;
}

}  // namespace ociferry
