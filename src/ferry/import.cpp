#include "ferry/archive_contents.hpp"
#include "ferry/registries.hpp"
#include "ferry/verify.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

TransferReport import_archive(const ImportOptions& options, const Context& context) {
  const auto archive = std::make_shared<ArchiveReader>(options.archive);
  context.progress->phase("checking the archive", 0);
  archive->check_headers();
  const ImageSet set = load_archive(archive, context);
  check_tags(set, options.relocate.root_tags);
  if (options.verify_first) verify_blobs(archive, context);
  Registries registries(context);
  return relocate_to_registry(set, options.relocate, std::nullopt, registries, context);
}

}  // namespace ociferry
