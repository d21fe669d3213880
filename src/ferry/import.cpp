#include <map>

#include "base/text.hpp"
#include "ferry/deliver/left_out.hpp"
#include "ferry/deliver/name_rule.hpp"
#include "ferry/deliver/relocate_to_registry.hpp"
#include "ferry/deliver/shared_pass.hpp"
#include "ferry/deliver/stream_pass.hpp"
#include "ferry/gather/compact_bases.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/gather/load_archives.hpp"
#include "ferry/gather/reading_order.hpp"
#include "ferry/gather/registries.hpp"
#include "ferry/gather/verify_blobs.hpp"
#include "ferry/gather/verify_stream.hpp"
#include "ferry/gather/watched_media.hpp"
#include "ferry/write/archive_forecast.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/inputs_stay.hpp"
#include "ferry/write/stream_archive.hpp"
#include "ferry/write/write_archive.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/several.hpp"
#include "ociferry/streams.hpp"

namespace ociferry {

namespace {

std::string archive_names(const std::vector<ReadArchive>& archives) {
  std::vector<std::string> names;
  for (const ReadArchive& archive : archives) names.push_back(archive.path.string());
  return text::join(names, " and ");
}

/// Throws if layers are demanded that the archive lacks: a conversion has no registry to fetch them from.
void check_nondistributable_layers(const ImageSet& set, const std::vector<ReadArchive>& archives, bool demanded,
                                   Progress& progress) {
  const auto& skipped = set.graph().skipped_layers();
  if (!demanded || skipped.empty()) return warn_of_nondistributable_layers(set, demanded, progress);
  std::vector<std::string> lines;
  for (const auto& [digest, layer] : skipped) lines.push_back(text::cat(digest.text(), " (", layer.media_type, ")"));
  throw Error(ErrorCode::Incomplete,
              text::cat(archive_names(archives), archives.size() == 1 ? " lacks" : " lack",
                        " layers that may not be redistributed:\n  - ", text::join(lines, "\n  - ")))
      .hint("export it again with --include-non-distributable-layers, or convert it without that flag");
}

/// Fetches the layers that the archive lacks from the repositories of their images.
void fetch_skipped_layers(ImageSet& set, Registries& registries) {
  std::map<Digest, RepositoryName> places;
  for (const SkippedLayer& skipped : skipped_layers(set)) places.emplace(skipped.layer.digest, skipped.image.name);
  set.graph().move_skipped([&](const Digest& layer) { return registries.repository(places.at(layer)); });
}

/// An import up to its first request to the destination.
struct ReadyImport {
  ImageSet set;
  Placement placement;
  std::vector<Reference> left_out = {};
  std::vector<ReadArchive> archives = {};
  std::shared_ptr<ImageArchive> stream = {};  ///< the archive, if it is read once, in order
  ReadingOrder order = {};

  /// How blobs are put that come in one order: of a stream, or of volumes that somebody brings. Empty for others.
  [[nodiscard]] BlobPass pass(const Context& context) const {
    if (stream) return pass_over_stream(stream, context);
    if (!order.matters()) return {};
    return [this, &context](const auto& destinations) { return put_in_one_pass(destinations, context, order); };
  }
  Context reading = {};  ///< how they are read
};

/// The archive among `loaded` that is a stream, or null. Throws Error{Usage} where a stream must be the only one, or is
/// one that a delta builds on.
std::shared_ptr<ImageArchive> stream_among(const LoadedArchives& loaded) {
  for (const ArchiveToVerify& one : loaded.to_verify) {
    if (stream_of(*one.archive) == nullptr) continue;
    const bool is_base = one.archive != loaded.to_verify.front().archive;
    if (loaded.read.size() == 1 && !is_base) return one.archive;
    throw Error(ErrorCode::Usage, text::cat(one.archive->name(), " is a stream, and must be the only archive"))
        .hint("write it to a file first, or import one after the other");
  }
  return nullptr;
}

/// Where images of the set go.
std::set<RepositoryName> repositories_of(const PlacedSet& placed) {
  std::set<RepositoryName> repositories;
  for (const SetImage& image : placed.set().images()) {
    for (const auto& [name, tags] : placed.of(image).all) repositories.insert(name);
  }
  return repositories;
}

/// `checks_foreign`: archives without a seal are verified, since nothing unverified may be written.
ReadyImport ready_import(const ImportOptions& options, bool checks_foreign, Registries& registries,
                         const Context& context) {
  for (const auto& file : {options.relocate.lock_output, options.relocate.mapping_output}) {
    if (file) check_not_read({.copied = options.archives, .bases = options.bases}, *file, context.volumes);
  }
  LoadedArchives loaded = load_archives(options.archives, options.selection, context, options.bases,
                                        options.verify_first ? Reading::ByPosition : Reading::InOrder);
  if (options.relocate.root_tags) check_names_between(loaded);
  auto stream = stream_among(loaded);
  ReadingOrder order(loaded.to_verify);
  ReadyImport ready{.set = std::move(loaded.set),
                    .placement = placement_of(options.relocate),
                    .left_out = std::move(loaded.left_out),
                    .archives = std::move(loaded.read),
                    .stream = std::move(stream),
                    .order = std::move(order),
                    .reading = context};
  if (ready.stream && options.verify_first) {
    throw Error(ErrorCode::Usage,
                text::cat("--verify-first reads an archive twice, and ", ready.stream->name(), " can be read once"))
        .hint("leave it out: no manifest and no tag is put before all bytes have proved right");
  }
  ImageSet& set = ready.set;
  warn_of_unused_mappings(options.relocate, set, *context.progress);
  const PlacedSet placed(set, ready.placement, options.relocate.root_tags);  // fails before all bytes are read
  for (const ArchiveToVerify& one : loaded.to_verify) {
    if (one.archive->compact_base() == nullptr) continue;
    find_base(*one.archive, repositories_of(placed), registries);
    check_base(*one.archive);
  }
  if (!options.nondistributable_layers) set.graph().skip_nondistributable();
  for (const auto& [archive, blobs] : loaded.to_verify) {
    const bool is_sealed = archive->format() == ArchiveFormat::Sealed;
    ready.reading = in_order_if_needed(ready.reading, *archive);
    if (options.verify_first || (checks_foreign && !is_sealed)) verify_blobs(*archive, blobs, ready.reading, &set);
  }
  if (options.nondistributable_layers) fetch_skipped_layers(set, registries);
  warn_of_nondistributable_layers(set, options.nondistributable_layers, *context.progress);
  return ready;
}

void check_conversion_output(const ConvertOptions& options, const Context& context) {
  if (options.output == kStreamName) return;
  check_inputs_stay({.copied = options.archives, .bases = options.bases}, options.output, options.volumes,
                    context.volumes);
  check_output(options.output, options.force, options.volumes);
}

/// A conversion up to the first layer that is read.
LoadedArchives ready_conversion(const ConvertOptions& options, const Context& context) {
  LoadedArchives loaded = load_archives(options.archives, options.selection, context, options.bases);
  if (const auto stream = stream_among(loaded)) {
    throw Error(ErrorCode::Usage, text::cat(stream->name(), " is a stream, and is not written to another archive"))
        .hint("it is one already: write it to a file with cat, and let ociferry verify read that");
  }
  check_names_between(loaded);
  for (const ArchiveToVerify& one : loaded.to_verify) check_base(*one.archive);
  check_nothing_left_out(loaded.set, archive_names(loaded.read),
                         "give what it builds on with --base FILE; nothing was written");
  check_nondistributable_layers(loaded.set, loaded.read, options.nondistributable_layers, *context.progress);
  return loaded;
}

/// Where the archives lie.
std::vector<std::filesystem::path> media_of(const ImportOptions& options, const Context& context) {
  std::vector<std::filesystem::path> paths = options.archives;
  paths.insert(paths.end(), options.bases.begin(), options.bases.end());
  paths.insert(paths.end(), context.volumes.directories.begin(), context.volumes.directories.end());
  return paths;
}

}  // namespace

TransferReport import_archive(const ImportOptions& options, const Context& given) {
  WatchedMedia watched(*given.progress, WatchedMedia::Direction::Reading, media_of(options, given));
  Context context = given;
  context.progress = &watched;
  Registries registries(context, {.nondistributable_layers = options.nondistributable_layers}, Traffic::Many);
  ReadyImport ready = ready_import(options, true, registries, context);
  TransferReport report = relocate_to_registry(ready.set, ready.placement, options.relocate, std::nullopt, registries,
                                               ready.reading, ready.pass(ready.reading));
  watched.finish();
  report.left_out = std::move(ready.left_out);
  report.archives = std::move(ready.archives);
  return report;
}

std::vector<DestinationReport> import_archive_to_all(const ImportOptions& options,
                                                     const std::vector<RelocateOptions>& destinations,
                                                     const Context& given) {
  WatchedMedia watched(*given.progress, WatchedMedia::Direction::Reading, media_of(options, given));
  Context context = given;
  context.progress = &watched;
  Registries registries(context, {.nondistributable_layers = options.nondistributable_layers}, Traffic::Many);
  ImportOptions first = options;
  if (!destinations.empty()) first.relocate = destinations.front();
  const ReadyImport ready = ready_import(first, true, registries, context);
  std::vector<DestinationReport> reports =
      relocate_to_registries(ready.set, destinations, registries, ready.reading, ready.pass(ready.reading));
  watched.finish();
  for (DestinationReport& each : reports) {
    each.report.left_out = ready.left_out;
    each.report.archives = ready.archives;
  }
  return reports;
}

ImportPlan plan_import(const ImportOptions& options, const Context& context) {
  Registries registries(context, {.nondistributable_layers = options.nondistributable_layers});
  ReadyImport ready = ready_import(options, false, registries, context);
  ImportPlan plan =
      plan_relocation_to_registry(ready.set, ready.placement, options.relocate, std::nullopt, registries, context);
  plan.archives = std::move(ready.archives);
  return plan;
}

ExportPlan plan_conversion(const ConvertOptions& options, const Context& context) {
  check_conversion_output(options, context);
  LoadedArchives loaded = ready_conversion(options, context);
  const ArchiveForm form{.promised = loaded.promised, .volumes = options.volumes, .force = options.force};
  ExportPlan plan = plan_archive_of(loaded.set, options.output, context, form);
  plan.archives = std::move(loaded.read);
  return plan;
}

namespace {

/// What is damaged in the archives, with the images that need it. Returns if nothing is.
void tell_damage(const ConvertOptions& options, const Context& context) {
  const LoadedArchives loaded = ready_conversion(options, context);
  for (const auto& [archive, blobs] : loaded.to_verify) {
    verify_blobs(*archive, blobs, in_order_if_needed(context, *archive), &loaded.set);
  }
}

}  // namespace

TransferReport convert_archive(const ConvertOptions& options, const Context& context) {
  check_conversion_output(options, context);
  LoadedArchives loaded = ready_conversion(options, context);
  for (const auto& [archive, blobs] : loaded.to_verify) {
    // Each blob of a sealed one proves itself while it is copied, and nothing gets its name before all have.
    if (archive->format() == ArchiveFormat::Sealed) continue;
    verify_blobs(*archive, blobs, context, &loaded.set);
  }
  ArchiveForm form{.promised = loaded.promised, .volumes = options.volumes, .force = options.force};
  form.verify_medium = options.verify_medium;
  form.order = ReadingOrder(loaded.to_verify);
  try {
    TransferReport report = write_archive(std::move(loaded.set), options.output, context, form);
    report.left_out = std::move(loaded.left_out);
    report.archives = std::move(loaded.read);
    return report;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Corrupt) tell_damage(options, context);
    throw;
  }
}

TransferReport convert_to_stream(const ConvertOptions& options, const StreamOutput& to, const Context& given) {
  check_stream_output(to);
  Context context = given;
  context.volumes.ask = nullptr;  // all is read twice, then in the order of what is written, while a receiver waits
  LoadedArchives loaded = ready_conversion(options, context);
  for (const auto& [archive, blobs] : loaded.to_verify) verify_blobs(*archive, blobs, context, &loaded.set);
  TransferReport report = stream_archive(loaded.set, to, context, {.promised = loaded.promised});
  report.left_out = std::move(loaded.left_out);
  report.archives = std::move(loaded.read);
  return report;
}

}  // namespace ociferry
