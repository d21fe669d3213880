#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/text.hpp"
#include "ferry/archive_contents.hpp"
#include "ferry/export.hpp"
#include "ferry/registries.hpp"
#include "layout/archive_writer.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/limits.hpp"
#include "transfer/blob_copy.hpp"

namespace ociferry {

namespace {

std::vector<const Graph::BlobNode*> pointers(const std::vector<Graph::BlobNode>& blobs) {
  std::vector<const Graph::BlobNode*> all;
  for (const Graph::BlobNode& blob : blobs) all.push_back(&blob);
  return all;
}

/// No archive is written that no import would read.
void check_readable(const ArchivePlan& plan) {
  if (std::max(plan.index.size(), plan.seal.size()) <= limits::kLayoutFileBytes) return;
  throw Error(ErrorCode::Usage, text::cat("too many images for one archive: its table would be larger than ",
                                          limits::kLayoutFileBytes, " bytes"))
      .hint("export fewer bundles at a time");
}

}  // namespace

void check_output(const std::filesystem::path& archive) {
  std::error_code ignored;
  if (archive.empty() || archive.filename().empty() || std::filesystem::is_directory(archive, ignored)) {
    throw Error(ErrorCode::Usage, text::cat("'", archive.string(), "' is not a file name for an archive"));
  }
  const std::filesystem::path parent = archive.parent_path().empty() ? "." : archive.parent_path();
  if (::access(parent.c_str(), W_OK) != 0) {
    throw system_error(text::cat("checking that an archive can be written in ", parent.string()), errno);
  }
}

TransferReport export_archive(const ExportOptions& options, const Context& context) {
  check_output(options.archive);
  const std::vector<Root> roots = read_sources(options.sources);
  Registries registries(context);
  const ImageSet set = discover(roots, registries.opener(), options.gather, context);
  warn_of_skipped_layers(set, *context.progress);
  return write_archive(set, options.archive, context);
}

TransferReport write_archive(const ImageSet& set, const std::filesystem::path& archive, const Context& context) {
  const ArchiveContents contents = archive_contents(set);
  ArchivePlan plan = plan_archive(encode_archive_index(contents.items), descriptors(contents));
  check_readable(plan);
  TransferReport report{.images = set.images().size(), .archive_bytes = plan.total_bytes};
  std::uint64_t bytes = 0;
  for (const Graph::BlobNode& blob : contents.blobs) bytes += blob.descriptor.size;
  for (const SetImage& image : set.images()) {
    report.bundles += image.is_bundle ? 1 : 0;
    report.referrers += image.is_referrer ? 1 : 0;
  }

  context.progress->event("writing layers...");
  const auto begin = std::chrono::steady_clock::now();
  ArchiveWriter writer(archive, std::move(plan));
  context.progress->phase(text::cat("exporting ", set.images().size(), " images, ", contents.blobs.size(), " blobs"),
                          bytes);
  try {
    const BlobCounts counts =
        copy_blobs(pointers(contents.blobs), writer, context.jobs, *context.progress, context.stop);
    report.blobs_written = counts.written;
    report.blobs_existed = counts.existed;
    report.bytes_written = counts.bytes_written;
  } catch (Error& error) {
    error.hint(text::cat(writer.partial_path().string(), " is kept: the same command goes on from there"));
    throw;
  }
  writer.commit();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  context.progress->event(text::cat("done: file '", archive.string(), "' (", took.count(), "ms)"));
  return report;
}

}  // namespace ociferry
