#include <utility>

#include "ferry/deliver/left_out.hpp"
#include "ferry/gather/load_archives.hpp"
#include "ferry/set/removal.hpp"
#include "ferry/write/archive_forecast.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/inputs_stay.hpp"
#include "ferry/write/write_archive.hpp"
#include "ociferry/release_store.hpp"
#include "ociferry/store_plan.hpp"

namespace ociferry {

namespace {

ArchiveForm form_of(const RemoveOptions& options, const LoadedArchives& loaded) {
  return {.volumes = options.volumes,
          .force = options.force,
          .verify_medium = options.verify_medium,
          .order = ReadingOrder(loaded.to_verify)};
}

/// A removal up to the first byte that is written.
struct ReadyRemoval {
  LoadedArchives loaded;
  Removal removal;
};

ReadyRemoval ready_removal(const RemoveOptions& options, const Context& context) {
  check_inputs_stay({.copied = {options.archive}, .bases = options.bases}, options.output, options.volumes,
                    context.volumes);
  check_output(options.output, options.force, options.volumes);
  ReadyRemoval ready{.loaded = load_archives({options.archive}, {}, context, options.bases),
                     .removal = {.rest = ImageSet({}, {})}};
  ready.removal = without_images(ready.loaded.set, options.images);
  check_nothing_left_out(ready.removal.rest, options.archive.string(),
                         "give what it builds on with --base FILE; nothing was written");
  return ready;
}

}  // namespace

RemovalPlan plan_removal(const RemoveOptions& options, const Context& context) {
  const ReadyRemoval ready = ready_removal(options, context);
  const ImageSet& rest = ready.removal.rest;
  RemovalPlan plan{.archive = plan_archive_of(rest, options.output, context, form_of(options, ready.loaded)),
                   .bytes_before = ready.loaded.to_verify.front().archive->total_bytes(),
                   .names = ready.removal.names,
                   .gone = ready.removal.gone,
                   .still_there = ready.removal.still_there};
  for (const auto& [digest, blob] : ready.loaded.set.graph().blobs()) {
    if (rest.graph().blobs().contains(digest)) continue;
    plan.blobs_gone.add(blob.descriptor.size);
  }
  return plan;
}

RemoveReport remove_images(const RemoveOptions& options, const Context& context) {
  ReadyRemoval ready = ready_removal(options, context);
  Removal& removal = ready.removal;
  LoadedArchives& loaded = ready.loaded;
  RemoveReport report{.names = std::move(removal.names),
                      .gone = std::move(removal.gone),
                      .still_there = std::move(removal.still_there)};
  loaded.set = ImageSet({}, {});
  warn_of_nondistributable_layers(removal.rest, false, *context.progress);
  report.written = write_archive(std::move(removal.rest), options.output, context, form_of(options, loaded));
  report.written.archives = std::move(loaded.read);
  return report;
}

}  // namespace ociferry
