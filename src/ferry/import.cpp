#include <map>

#include "base/text.hpp"
#include "ferry/deliver/archive_output.hpp"
#include "ferry/deliver/name_rule.hpp"
#include "ferry/deliver/relocate_to_registry.hpp"
#include "ferry/deliver/write_archive.hpp"
#include "ferry/gather/bundle_reader.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/gather/registries.hpp"
#include "ferry/gather/verify_blobs.hpp"
#include "ferry/set/platforms.hpp"
#include "ferry/set/selection.hpp"
#include "layout/open_archive.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/several.hpp"

namespace ociferry {

namespace {

/// Throws if layers are demanded that the archive lacks: a conversion has no registry to fetch them from.
void check_nondistributable_layers(const ImageSet& set, const std::string& archive, bool demanded, Progress& progress) {
  const auto& skipped = set.graph().skipped_layers();
  if (!demanded || skipped.empty()) return warn_of_nondistributable_layers(set, demanded, progress);
  std::vector<std::string> lines;
  for (const auto& [digest, layer] : skipped) lines.push_back(text::cat(digest.text(), " (", layer.media_type, ")"));
  throw Error(ErrorCode::Incomplete,
              text::cat(archive, " lacks layers that may not be redistributed:\n  - ", text::join(lines, "\n  - ")))
      .hint("export it again with --include-non-distributable-layers, or convert it without that flag");
}

/// Fetches the layers that the archive lacks from the repositories of their images.
void fetch_skipped_layers(ImageSet& set, Registries& registries) {
  std::map<Digest, RepositoryName> places;
  for (const SkippedLayer& skipped : skipped_layers(set)) places.emplace(skipped.layer.digest, skipped.image.name);
  set.graph().move_skipped([&](const Digest& layer) { return registries.repository(places.at(layer)); });
}

/// What of an archive is transferred.
struct LoadedSelection {
  ImageSet set;
  std::vector<Descriptor> to_verify = {};  ///< blobs
  std::vector<Reference> left_out = {};
};

/// `set` without what is for other platforms, with a warning of what there is for others only.
ImageSet for_platforms(ImageSet set, const std::vector<Platform>& platforms,
                       const std::shared_ptr<ImageArchive>& archive, const Context& context) {
  set = select_platforms(std::move(set), platforms);
  warn_of_lacking_platforms(set, platforms, *context.progress);
  CachingSource source(archive, std::make_shared<CacheBudget>(0));
  std::map<std::string, Platform> others;
  for (const SetImage& image : set.images()) {
    const auto* manifest = std::get_if<Manifest>(&set.graph().at(image.digest()).parsed);
    if (manifest == nullptr || image.is_referrer) continue;
    const auto platform = other_platform(source, *manifest, platforms, context.stop);
    if (platform) others.emplace(to_string(image.reference), *platform);
  }
  warn_of_other_platforms(others, *context.progress);
  return set;
}

LoadedSelection load_selection(const std::shared_ptr<ImageArchive>& archive, const Selection& selection,
                               const Context& context) {
  LoadedSelection loaded{.set = load_archive(archive, context)};
  if (!selection.selects_images() && selection.platforms.empty()) {
    loaded.to_verify = blobs_to_verify(*archive, loaded.set);
    return loaded;
  }
  if (selection.selects_images()) {
    loaded.set = select_images(loaded.set, selection, *context.progress, loaded.left_out);
  }
  if (!selection.platforms.empty()) {
    loaded.set = for_platforms(std::move(loaded.set), selection.platforms, archive, context);
  }
  for (const auto& [digest, blob] : loaded.set.graph().blobs()) loaded.to_verify.push_back(blob.descriptor);
  return loaded;
}

/// An import up to its first request to the destination.
struct ReadyImport {
  ImageSet set;
  Placement placement;
  std::vector<Reference> left_out = {};
};

/// `checks_foreign`: archives without a seal are verified, since nothing unverified may be written.
ReadyImport ready_import(const ImportOptions& options, bool checks_foreign, Registries& registries,
                         const Context& context) {
  const auto archive = open_image_archive(options.archive, context.unpack, *context.progress, context.stop);
  context.progress->phase("checking the archive", 0);
  check_headers(*archive);
  LoadedSelection loaded = load_selection(archive, options.selection, context);
  ReadyImport ready{.set = std::move(loaded.set),
                    .placement = placement_of(options.relocate),
                    .left_out = std::move(loaded.left_out)};
  ImageSet& set = ready.set;
  static_cast<void>(PlacedSet(set, ready.placement, options.relocate.root_tags));  // fails before all bytes are read
  if (!options.nondistributable_layers) set.graph().skip_nondistributable();
  if (options.verify_first || (checks_foreign && archive->format() != ArchiveFormat::Sealed)) {
    verify_blobs(*archive, loaded.to_verify, context, &set);
  }
  if (options.nondistributable_layers) fetch_skipped_layers(set, registries);
  warn_of_nondistributable_layers(set, options.nondistributable_layers, *context.progress);
  return ready;
}

}  // namespace

TransferReport import_archive(const ImportOptions& options, const Context& context) {
  Registries registries(context, {.nondistributable_layers = options.nondistributable_layers});
  ReadyImport ready = ready_import(options, true, registries, context);
  TransferReport report =
      relocate_to_registry(ready.set, ready.placement, options.relocate, std::nullopt, registries, context);
  report.left_out = std::move(ready.left_out);
  return report;
}

std::vector<DestinationReport> import_archive_to_all(const ImportOptions& options,
                                                     const std::vector<RelocateOptions>& destinations,
                                                     const Context& context) {
  Registries registries(context, {.nondistributable_layers = options.nondistributable_layers});
  ImportOptions first = options;
  if (!destinations.empty()) first.relocate = destinations.front();
  const ReadyImport ready = ready_import(first, true, registries, context);
  std::vector<DestinationReport> reports = relocate_to_registries(ready.set, destinations, registries, context);
  for (DestinationReport& each : reports) each.report.left_out = ready.left_out;
  return reports;
}

ImportPlan plan_import(const ImportOptions& options, const Context& context) {
  Registries registries(context, {.nondistributable_layers = options.nondistributable_layers});
  const auto [set, placement, left_out] = ready_import(options, false, registries, context);
  return plan_relocation_to_registry(set, placement, options.relocate, std::nullopt, registries, context);
}

TransferReport convert_archive(const ConvertOptions& options, const Context& context) {
  check_output(options.output, options.force);
  const auto archive = open_image_archive(options.archive, context.unpack, *context.progress, context.stop);
  context.progress->phase("checking the archive", 0);
  check_headers(*archive);
  LoadedSelection loaded = load_selection(archive, options.selection, context);
  ImageSet& set = loaded.set;
  check_nondistributable_layers(set, options.archive.string(), options.nondistributable_layers, *context.progress);
  verify_blobs(*archive, loaded.to_verify, context, &set);
  TransferReport report = write_archive(std::move(set), options.output, context);
  report.left_out = std::move(loaded.left_out);
  return report;
}

}  // namespace ociferry
