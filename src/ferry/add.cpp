#include <algorithm>
#include <utility>
#include <vector>

#include "base/context.hpp"
#include "base/text.hpp"
#include "ferry/deliver/left_out.hpp"
#include "ferry/gather/archive_first.hpp"
#include "ferry/gather/load_archives.hpp"
#include "ferry/gather/registries.hpp"
#include "ferry/gather/sources.hpp"
#include "ferry/set/joined_set.hpp"
#include "ferry/write/archive_forecast.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/inputs_stay.hpp"
#include "ferry/write/write_archive.hpp"
#include "ociferry/error.hpp"
#include "ociferry/release_store.hpp"
#include "ociferry/store_plan.hpp"

namespace ociferry {

namespace {

/// A tag of the archive may point elsewhere by now.
void check_no_clash(const ImageSet& joined, const ImageArchive& archive, const ImageSet& added) {
  const auto clash = find_name_clash(joined);
  if (!clash) return;
  const bool one_is_new = added.contains(clash->one->digest());
  const SetImage& is_new = one_is_new ? *clash->one : *clash->other;
  const SetImage& is_old = one_is_new ? *clash->other : *clash->one;
  throw Error(ErrorCode::Usage, text::cat(to_string(clash->name), " is ", is_old.digest().text(), " in ",
                                          archive.name(), ", but ", is_new.digest().text(), " in its registry by now"))
      .hint("take the old one out with 'ociferry rm' first, or add the new one by its digest");
}

/// What of `joined` the archive and its bases lack.
BlobSum lacking(const ImageSet& joined, const std::vector<ArchiveToVerify>& archives) {
  BlobSum sum;
  for (const auto& [wanted, blob] : joined.graph().blobs()) {
    const Digest& digest = wanted;
    const auto has_it = [&](const ArchiveToVerify& one) { return one.archive->size_of(digest).has_value(); };
    if (std::ranges::any_of(archives, has_it)) continue;
    sum.add(blob.descriptor.size);
  }
  return sum;
}

ArchiveForm form_of(const AddOptions& options, const LoadedArchives& loaded) {
  return {.volumes = options.volumes,
          .force = options.force,
          .verify_medium = options.verify_medium,
          .order = ReadingOrder(loaded.to_verify)};
}

/// An addition up to the first byte that is written.
struct ReadyAddition {
  LoadedArchives loaded;
  std::shared_ptr<ImageArchive> archive;
  std::size_t images_before;
  ImageSet joined;
  std::vector<Reference> left_out;
};

ReadyAddition ready_addition(const AddOptions& options, Registries& registries, const Context& context) {
  check_inputs_stay({.copied = {options.archive}, .bases = options.bases}, options.output, options.volumes,
                    context.volumes);
  check_output(options.output, options.force, options.volumes);
  LoadedArchives loaded = load_archives({options.archive}, {}, context, options.bases);
  const std::shared_ptr<ImageArchive> archive = loaded.to_verify.front().archive;
  std::vector<Reference> left_out;
  const std::vector<Root> roots = select_roots(read_sources(options.sources, tag_beside_digest(context)),
                                               options.gather.selection, *context.progress, left_out);
  const ImageSet added = discover(roots, archive_first(registries.opener(), archive), options.gather, context);
  warn_of_nondistributable_layers(added, options.gather.nondistributable_layers, *context.progress);
  const auto doing = [&] { return text::cat("adding to ", options.archive.string()); };
  const std::size_t images_before = loaded.set.images().size();
  ImageSet joined = with_context(doing, [&] { return join(std::move(loaded.set), added); });
  check_no_clash(joined, *archive, added);
  check_nothing_left_out(joined, options.archive.string(),
                         "give what it builds on with --base FILE; nothing was written");
  return {.loaded = std::move(loaded),
          .archive = archive,
          .images_before = images_before,
          .joined = std::move(joined),
          .left_out = std::move(left_out)};
}

}  // namespace

AdditionPlan plan_addition(const AddOptions& options, const Context& context) {
  Registries registries(context, options.gather);
  const ReadyAddition ready = ready_addition(options, registries, context);
  return {.archive = plan_archive_of(ready.joined, options.output, context, form_of(options, ready.loaded)),
          .bytes_before = ready.archive->total_bytes(),
          .images_before = ready.images_before,
          .fetched = lacking(ready.joined, ready.loaded.to_verify)};
}

AddReport add_images(const AddOptions& options, const Context& context) {
  Registries registries(context, options.gather, Traffic::Many);
  ReadyAddition ready = ready_addition(options, registries, context);
  AddReport report;
  report.fetched = lacking(ready.joined, ready.loaded.to_verify);
  report.written = write_archive(std::move(ready.joined), options.output, context, form_of(options, ready.loaded));
  report.written.left_out = std::move(ready.left_out);
  report.written.archives = std::move(ready.loaded.read);
  return report;
}

}  // namespace ociferry
