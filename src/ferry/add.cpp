#include <utility>

#include "base/context.hpp"
#include "base/text.hpp"
#include "ferry/deliver/archive_output.hpp"
#include "ferry/deliver/left_out.hpp"
#include "ferry/deliver/write_archive.hpp"
#include "ferry/gather/archive_first.hpp"
#include "ferry/gather/load_archives.hpp"
#include "ferry/gather/registries.hpp"
#include "ferry/gather/sources.hpp"
#include "ferry/set/joined_set.hpp"
#include "ociferry/error.hpp"
#include "ociferry/release_store.hpp"

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

/// What of `joined` the archive lacks.
BlobSum lacking(const ImageSet& joined, const ImageArchive& archive) {
  BlobSum sum;
  for (const auto& [digest, blob] : joined.graph().blobs()) {
    if (archive.size_of(digest)) continue;
    ++sum.count;
    sum.bytes += blob.descriptor.size;
  }
  return sum;
}

}  // namespace

AddReport add_images(const AddOptions& options, const Context& context) {
  check_output(options.output, options.force);
  LoadedArchives loaded = load_archives({options.archive}, {}, context);
  const std::shared_ptr<ImageArchive> archive = loaded.to_verify.front().archive;
  Registries registries(context, options.gather);
  AddReport report;
  const std::vector<Root> roots = select_roots(read_sources(options.sources, tag_beside_digest(context)),
                                               options.gather.selection, *context.progress, report.written.left_out);
  const ImageSet added = discover(roots, archive_first(registries.opener(), archive), options.gather, context);
  warn_of_nondistributable_layers(added, options.gather.nondistributable_layers, *context.progress);
  const auto doing = [&] { return text::cat("adding to ", options.archive.string()); };
  ImageSet joined = with_context(doing, [&] { return join(std::move(loaded.set), added); });
  check_no_clash(joined, *archive, added);
  check_nothing_left_out(joined, options.archive.string(),
                         "join it with what it builds on first, with 'ociferry merge'; nothing was written");
  report.fetched = lacking(joined, *archive);
  std::vector<Reference> left_out = std::move(report.written.left_out);
  report.written = write_archive(std::move(joined), options.output, context);
  report.written.left_out = std::move(left_out);
  report.written.archives = std::move(loaded.read);
  return report;
}

}  // namespace ociferry
