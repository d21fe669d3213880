#include "ociferry/split.hpp"

#include <memory>
#include <optional>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "ferry/deliver/archive_output.hpp"
#include "ferry/deliver/divided_output.hpp"
#include "ferry/deliver/write_archive.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/gather/verify_blobs.hpp"
#include "ferry/gather/verify_medium.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/partial_file.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// Opens a sealed archive, and checks its headers.
std::shared_ptr<ImageArchive> open_sealed(const std::filesystem::path& path, const Context& context) {
  auto archive = open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes);
  if (archive->sealed() == nullptr) {
    throw Error(ErrorCode::Usage, text::cat(path.string(), " is no archive with a seal, but one of another tool (",
                                            to_string(archive->format()), ")"))
        .hint(text::cat("make one of it, divided or not: ociferry copy --tar ", path.string(), " --to-tar OUT.tar"));
  }
  archive->sealed()->check_headers();
  return archive;
}

/// Puts all blobs where `writer` has them, in the order of the archive, so that volumes are read one after the other.
void copy_all(ImageArchive& from, ArchiveWriter& writer, const Context& context) {
  const std::vector<Descriptor> blobs = from.sealed()->blobs();
  std::uint64_t bytes = 0;
  for (const Descriptor& blob : blobs) bytes += blob.size;
  context.progress->phase(text::cat("copying ", blobs.size(), " blobs"), bytes);
  run_parallel_or_throw(
      jobs_or_cores(in_order_if_needed(context, from).jobs), blobs.size(), context.stop,
      [&](std::size_t i, const std::stop_token& stop) { writer.put_blob(blobs[i], from, *context.progress, stop); });
}

/// Copies archive `from` into a medium that `divided` or, if it is null, the file `output` is.
std::optional<MediumReading> copy_archive(ImageArchive& from, const std::filesystem::path& output,
                                          DividedOutput* divided, bool on_medium, const Context& context) {
  std::unique_ptr<OutputMedium> medium;
  if (divided != nullptr) {
    medium = divided->make_medium();
  } else {
    medium = std::make_unique<PartialFile>(behind_links(output));
  }
  ArchiveWriter writer(std::move(medium), from.sealed()->plan());
  copy_all(from, writer, context);
  std::optional<MediumReading> reading;
  writer.commit([&](const OutputMedium& written) {
    ArchiveReader(written.reopen()).check_headers();
    if (on_medium) reading = verify_written(written, context);
    if (divided != nullptr) divided->sum(*written.reopen(), context);
  });
  return reading;
}

/// True if `existing` is the archive that would be written, in each byte.
bool is_same(const std::shared_ptr<ArchiveReader>& existing, const ArchiveReader& archive, const Context& context) {
  if (!existing || existing->fingerprint() != archive.fingerprint()) return false;
  try {
    verify_blobs(*existing, existing->blobs(), context);
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Corrupt && error.code() != ErrorCode::Io) throw;
    context.progress->warn(text::cat("writing ", existing->name(), " anew: ", error.message()));
    return false;
  }
}

std::vector<std::filesystem::path> files_of(const DividedOutput& divided) {
  std::vector<std::filesystem::path> files;
  for (const PlannedVolume& volume : divided.volumes()) files.push_back(volume.path);
  return files;
}

SplitReport report_of(const ArchiveReader& archive) {
  return {.archive_bytes = archive.total_bytes(), .fingerprint = archive.fingerprint()};
}

}  // namespace

SplitReport split_archive(const SplitOptions& options, const Context& context) {
  check_divided_output(options.output, options.volumes);
  const auto archive = open_sealed(options.archive, context);
  DividedOutput divided(options.output, options.volumes, archive->sealed()->plan(), options.force);
  const auto existing = divided.open_existing(*context.progress);
  std::optional<MediumReading> reading;
  if (divided.is_divided_alike() && is_same(existing, *archive->sealed(), context)) {
    divided.complete_existing(context);
    if (options.verify_medium) reading = verify_files(files_of(divided), context);
  } else {
    reading = copy_archive(*archive, {}, &divided, options.verify_medium, context);
  }
  divided.finish();
  SplitReport report = report_of(*archive->sealed());
  report.medium = reading;
  report.volumes = divided.written();
  return report;
}

SplitReport join_archive(const JoinOptions& options, const Context& context) {
  check_output(options.output, options.force);
  const auto archive = open_sealed(options.volumes, context);
  const std::filesystem::path output = behind_links(options.output);
  if (!is_same(open_existing(output, *context.progress), *archive->sealed(), context)) {
    static_cast<void>(copy_archive(*archive, options.output, nullptr, false, context));
  }
  return report_of(*archive->sealed());
}

}  // namespace ociferry
