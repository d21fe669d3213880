#include "ferry/export.hpp"
#include "ferry/load_archive.hpp"
#include "ferry/registries.hpp"
#include "ferry/verify.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

TransferReport import_archive(const ImportOptions& options, const Context& context) {
  const auto archive = open_image_archive(options.archive);
  context.progress->phase("checking the archive", 0);
  archive->check_headers();
  const ImageSet set = load_archive(archive, context);
  check_tags(set, options.relocate.root_tags);
  warn_of_skipped_layers(set, *context.progress);
  if (options.verify_first) verify_blobs(*archive, blobs_to_verify(*archive, set), context);
  Registries registries(context);
  return relocate_to_registry(set, options.relocate, std::nullopt, registries, context);
}

TransferReport convert_archive(const ConvertOptions& options, const Context& context) {
  check_output(options.output);
  const auto archive = open_image_archive(options.archive);
  context.progress->phase("checking the archive", 0);
  archive->check_headers();
  const ImageSet set = load_archive(archive, context);
  warn_of_skipped_layers(set, *context.progress);
  return write_archive(set, options.output, context);
}

}  // namespace ociferry
