#include "ferry/write/write_archive.hpp"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "base/fd.hpp"
#include "base/sync_time.hpp"
#include "base/text.hpp"
#include "ferry/gather/delta_report.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/gather/verify_blobs.hpp"
#include "ferry/gather/verify_medium.hpp"
#include "ferry/gather/watched_media.hpp"
#include "ferry/set/archive_contents.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/archive_report.hpp"
#include "ferry/write/divided_output.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/partial_file.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"
#include "transfer/blob_copy.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

std::shared_ptr<ArchiveReader> open_existing(const std::filesystem::path& path, Progress& progress) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return nullptr;
  try {
    auto archive = std::make_shared<ArchiveReader>(path);
    archive->check_headers();
    return archive;
  } catch (const Error& error) {
    progress.debug(text::cat("nothing of ", path.string(), " can be used: ", error.message()));
    return nullptr;
  }
}

namespace {

/// The errors that mean that an old archive's bytes cannot be used. A failed write fails again when they are fetched.
bool is_damage(const Error& error) { return error.code() == ErrorCode::Corrupt || error.code() == ErrorCode::Io; }

/// True if `archive` is what an export of `plan` would write. It is read as a whole; by `check`, if there is one.
bool is_finished(const std::shared_ptr<ArchiveReader>& archive, const ArchivePlan& plan, const Context& context,
                 const std::function<void()>& check) {
  if (!archive || archive->plan().seal() != plan.seal()) return false;
  try {
    check ? check() : verify_blobs(*archive, archive->blobs(), context);
    return true;
  } catch (const Error& error) {
    if (!is_damage(error)) throw;
    context.progress->warn(text::cat("writing ", archive->name(), " anew: ", error.message()));
    return false;
  }
}

/// True for a layer, rather than a configuration, a manifest or a part of a locations image.
bool is_layer(const Graph::BlobNode& blob, const Graph& graph) {
  const auto known = graph.blobs().find(blob.descriptor.digest);
  return known != graph.blobs().end() && !known->second.is_config;
}

/// How many of `blobs` are layers.
std::size_t layers_among(const std::vector<const Graph::BlobNode*>& blobs, const Graph& graph) {
  return static_cast<std::size_t>(
      std::ranges::count_if(blobs, [&](const Graph::BlobNode* blob) { return is_layer(*blob, graph); }));
}

/// Puts `blobs` into the archive. What volumes begin with goes first, so that these are hashed as the layers come: it
/// was fetched already. Where blobs come in an order of their own, they keep it.
BlobCounts copy_in_turn(std::vector<const Graph::BlobNode*> blobs, ArchiveWriter& writer, const Graph& graph,
                        bool is_reordered, const Context& context) {
  const auto copy = [&](std::vector<const Graph::BlobNode*> some) {
    return copy_blobs(std::move(some), writer, context.jobs, *context.progress, context.stop);
  };
  if (!is_reordered) return copy(std::move(blobs));
  const auto layers = std::stable_partition(blobs.begin(), blobs.end(),
                                            [&](const Graph::BlobNode* blob) { return !is_layer(*blob, graph); });
  BlobCounts counts = copy({blobs.begin(), layers});
  const BlobCounts of_layers = copy({layers, blobs.end()});
  counts.written += of_layers.written;
  counts.bytes_written += of_layers.bytes_written;
  return counts;
}

void tell_of_reuse(std::size_t layers, Progress& progress) {
  if (layers > 0) progress.event(text::cat("Going to reuse ", layers, " layers from the tar already in disk"));
}

/// Moves a blob from an archive that is there into the one that is written. False if it is not there as it should be.
bool take(ArchiveReader& existing, const Descriptor& blob, ArchiveWriter& writer, Progress& progress,
          const std::stop_token& stop) {
  if (!existing.size_of(blob.digest)) return false;
  try {
    writer.put_blob(blob, existing, silent_progress(), stop);
    return true;
  } catch (const Error& error) {
    if (!is_damage(error)) throw;
    progress.debug(text::cat("fetching it instead: ", error.message()));
    return false;
  }
}

/// Puts all of `blobs` into the archive, first what is on disk already: in the partial file that `writer` continues,
/// or in `existing`, a finished archive that may be another one or damaged, or null.
void fill(ArchiveWriter& writer, const std::vector<const Graph::BlobNode*>& blobs, const Graph& graph,
          const std::shared_ptr<ArchiveReader>& existing, bool is_divided, const ReadingOrder& order,
          TransferReport& report, const Context& context) {
  context.progress->phase("looking for what is on disk already", 0);
  std::vector<char> on_disk(blobs.size(), 0);
  const std::size_t jobs = jobs_or_cores(context.jobs);
  run_parallel_or_throw(jobs, blobs.size(), context.stop, [&](std::size_t i, const std::stop_token& stop) {
    const Descriptor& blob = blobs[i]->descriptor;
    const bool there = writer.holds(blob, stop) || (existing && take(*existing, blob, writer, *context.progress, stop));
    on_disk[i] = there ? 1 : 0;
  });
  std::vector<const Graph::BlobNode*> reused;
  std::vector<const Graph::BlobNode*> rest;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    (on_disk[i] != 0 ? reused : rest).push_back(blobs[i]);
    if (on_disk[i] == 0) bytes += blobs[i]->descriptor.size;
  }
  order.sort(rest);
  tell_of_reuse(layers_among(reused, graph), *context.progress);
  context.progress->phase(text::cat("exporting ", report.images, " images, ", rest.size(), " blobs"), bytes);
  const bool is_reordered = is_divided && !order.matters();
  const BlobCounts counts = copy_in_turn(std::move(rest), writer, graph, is_reordered, context);
  report.blobs_existed = reused.size();
  report.blobs_written = counts.written;
  report.bytes_written = counts.bytes_written;
}

/// Lets what was freed go: it lies in the arenas of the threads that took it, where others do not find room.
void give_back_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

/// Reads the archive as the receiver will, except for the layers: an unreadable archive must be found here, where it
/// can be made again.
void read_back(const OutputMedium& written, const Context& context) {
  context.progress->phase("reading the archive back", 0);
  give_back_memory();
  try {
    const auto archive = std::make_shared<ArchiveReader>(written.reopen());
    archive->check_headers();
    static_cast<void>(load_archive(archive, context));
  } catch (const Error& error) {
    throw failure_of_reading_back(error, written);
  }
}

/// Where an archive is written: a file, or volumes.
struct ArchivePlace {
  std::filesystem::path file;  ///< of volumes: the first
  std::unique_ptr<DividedOutput> volumes = nullptr;

  [[nodiscard]] std::vector<std::filesystem::path> files() const {
    if (!volumes) return {file};
    std::vector<std::filesystem::path> all;
    for (const PlannedVolume& volume : volumes->volumes()) all.push_back(volume.path);
    return all;
  }
  [[nodiscard]] std::unique_ptr<OutputMedium> make_medium() const {
    if (volumes) return volumes->make_medium();
    return std::make_unique<PartialFile>(file);
  }
};

ArchivePlace place_of(const std::filesystem::path& output, const VolumeRule& rule, const ArchivePlan& plan,
                      bool force) {
  if (!rule.divides()) return {.file = behind_links(output)};
  auto volumes = std::make_unique<DividedOutput>(output, rule, plan, force);
  std::filesystem::path first = volumes->volumes().front().path;
  return {.file = std::move(first), .volumes = std::move(volumes)};
}

/// Frees `set`, which `contents` refers to, before what was written is read back.
void write_new(const ArchivePlace& place, ArchivePlan plan, ArchiveContents contents, ImageSet& set,
               const std::shared_ptr<ArchiveReader>& existing, TransferReport& report, const Context& given,
               const ArchiveForm& form) {
  WatchedMedia watched(*given.progress, WatchedMedia::Direction::Writing, place.files());
  Context context = form.order.one_at_a_time(given);
  context.progress = &watched;
  try {
    ArchiveWriter writer(place.make_medium(), std::move(plan));
    fill(writer, contents.blobs, set.graph(), existing, place.volumes != nullptr, form.order, report, context);
    contents = {};
    set = ImageSet({}, {});
    writer.commit([&](const OutputMedium& written) {
      watched.finish();
      read_back(written, context);
      if (form.verify_medium) report.medium = verify_written(written, context);
      if (place.volumes) place.volumes->sum(*written.reopen(), context);
    });
  } catch (Error& error) {
    explain_end_of_writing(error, place.file, report.archive_bytes);
    throw;
  }
}

}  // namespace

Error failure_of_reading_back(const Error& error, const OutputMedium& written) {
  if (error.code() == ErrorCode::Interrupted || error.code() == ErrorCode::Space) return error;
  const bool is_medium = error.code() == ErrorCode::Corrupt || error.code() == ErrorCode::Io;
  return Error(is_medium ? error.code() : ErrorCode::Internal,
               text::cat("the archive was written, but cannot be read back: ", error.message()))
      .hint(text::cat("the medium is damaged, or this is a bug: write to another disk, and if it comes again there, "
                      "report it; ",
                      written.name(), " did not get its name"));
}

void explain_end_of_writing(Error& error, const std::filesystem::path& archive, std::uint64_t bytes) {
  std::error_code ignored;
  const std::string partial = PartialFile::path_for(archive).string();
  const bool kept = std::filesystem::exists(partial, ignored);
  if (error.code() == ErrorCode::Space) {
    error.while_doing(text::cat("writing an archive of ", bytes, " bytes"));
    error.hint(text::cat("make room for that, or choose another output file",
                         kept ? text::cat("; ", partial, " is kept: the same command goes on from there") : ""));
  }
  error.hint(kept ? text::cat(partial, " is kept: the same command goes on from there")
                  : "run the same command again: what has its final name is whole");
}

void check_promise(const ArchivePlan& plan, const std::optional<Digest>& promised) {
  const Digest fingerprint = sha256(plan.seal());
  if (!promised || fingerprint == *promised) return;
  throw Error(ErrorCode::Corrupt, text::cat("the delta is a part of the archive with fingerprint ", spoken(*promised),
                                            ", but what it makes with what it builds on has ", spoken(fingerprint)))
      .hint("export the archive again, without --have; nothing was written");
}

TransferReport write_archive(ImageSet set, const std::filesystem::path& output, const Context& context,
                             const ArchiveForm& form) {
  check_digests(set);  // no archive is written that no import would take
  ArchiveContents contents = archive_contents(set, form.baseline);
  ArchivePlan plan = plan_of(contents, set);
  check_readable(plan);
  check_promise(plan, form.promised);
  TransferReport report = begin_report(set, plan);
  const ArchivePlace place = place_of(output, form.volumes, plan, form.force);
  context.progress->event("writing layers...");
  const auto begin = std::chrono::steady_clock::now();
  const auto existing =
      place.volumes ? place.volumes->open_existing(*context.progress) : open_existing(place.file, *context.progress);
  const bool may_be_finished = !place.volumes || place.volumes->is_divided_alike();
  std::function<void()> check;
  if (form.verify_medium) check = [&] { report.medium = verify_files(place.files(), context); };
  if (may_be_finished && is_finished(existing, plan, context, check)) {
    // The run that wrote it may have been cut off right after the rename.
    fsync_directory(place.file.parent_path());
    report.blobs_existed = contents.blobs.size();
    tell_of_reuse(layers_among(contents.blobs, set.graph()), *context.progress);
    if (place.volumes) place.volumes->complete_existing(context);
  } else {
    const bool is_taken_back = place.volumes && place.volumes->takes_back();
    write_new(place, std::move(plan), std::move(contents), set, is_taken_back ? nullptr : existing, report, context,
              form);
  }
  if (place.volumes) {
    place.volumes->finish();
    report.volumes = place.volumes->written();
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  context.progress->event(text::cat("done: file '", output.string(), "' (", took.count(), "ms)"));
  const auto synced = std::chrono::duration_cast<std::chrono::milliseconds>(sync_time());
  context.progress->debug(text::cat("of that, the disk took ", synced.count(), " ms to have it all (fsync)"));
  return report;
}

}  // namespace ociferry
