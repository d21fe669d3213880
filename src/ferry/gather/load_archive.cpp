#include "ferry/gather/load_archive.hpp"

#include "ferry/gather/foreign_archive.hpp"
#include "ferry/gather/sealed_archive.hpp"
#include "ferry/set/absent_children.hpp"

namespace ociferry {

ImageSet load_archive(const std::shared_ptr<ImageArchive>& archive, const Context& context) {
  const auto sealed = std::dynamic_pointer_cast<ArchiveReader>(archive);
  ImageSet set = sealed ? load_sealed_archive(sealed, context) : load_foreign_archive(archive, context);
  warn_of_absent_children(set, *context.progress);
  return set;
}

std::vector<Descriptor> blobs_to_verify(const ImageArchive& archive, const ImageSet& set) {
  if (const auto* sealed = dynamic_cast<const ArchiveReader*>(&archive)) return sealed->blobs();
  std::vector<Descriptor> blobs;
  for (const auto& [digest, blob] : set.graph().blobs()) blobs.push_back(blob.descriptor);
  return blobs;
}

}  // namespace ociferry
