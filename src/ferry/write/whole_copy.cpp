#include "ferry/write/whole_copy.hpp"

#include <memory>
#include <optional>

#include "base/text.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/gather/verify_blobs.hpp"
#include "ferry/gather/verify_medium.hpp"
#include "ferry/gather/verify_stream.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/divided_output.hpp"
#include "ferry/write/write_archive.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "layout/sealed/stream_check.hpp"
#include "medium/partial_file.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// Puts all blobs where `writer` has them, in the order of the archive, so that volumes are read one after the other.
void copy_blobs(ImageArchive& from, ArchiveWriter& writer, const Context& context) {
  const std::vector<Descriptor> blobs = from.sealed()->blobs();
  std::uint64_t bytes = 0;
  for (const Descriptor& blob : blobs) bytes += blob.size;
  context.progress->phase(text::cat("copying ", blobs.size(), " blobs"), bytes);
  run_parallel_or_throw(
      jobs_or_cores(in_order_if_needed(context, from).jobs), blobs.size(), context.stop,
      [&](std::size_t i, const std::stop_token& stop) { writer.put_blob(blobs[i], from, *context.progress, stop); });
}

/// The same of an archive that is read once: every byte of it is checked.
void copy_stream(ImageArchive& from, ArchiveWriter& writer, const Context& context) {
  const StreamMedium& stream = *stream_of(from);
  const auto check = std::make_shared<StreamCheck>(from.sealed()->plan(), from.name());
  stream.pass(check);
  copy_blobs(from, writer, context);
  stream.read_to_end();
  check->finish();
}

void copy_all(ImageArchive& from, ArchiveWriter& writer, const Context& context) {
  try {
    stream_of(from) != nullptr ? copy_stream(from, writer, context) : copy_blobs(from, writer, context);
  } catch (Error& error) {
    if (error.code() == ErrorCode::Corrupt) {
      error.hint("what is read is damaged: 'ociferry verify' tells all of it, and whether parity repairs it");
    }
    throw;
  }
}

/// Finds what no reader could open.
void check_headers_of(const OutputMedium& written) {
  try {
    ArchiveReader(written.reopen()).check_headers();
  } catch (const Error& error) {
    throw failure_of_reading_back(error, written);
  }
}

/// Copies archive `from` into `medium`, which belongs to `divided` if that is not null.
std::optional<MediumReading> write_copy(ImageArchive& from, const CopyOutput& to, std::unique_ptr<OutputMedium> medium,
                                        DividedOutput* divided, const Context& context) {
  ArchiveWriter writer(std::move(medium), from.sealed()->plan());
  copy_all(from, writer, context);
  std::optional<MediumReading> reading;
  writer.commit([&](const OutputMedium& written) {
    check_headers_of(written);
    if (to.verify_medium) reading = verify_written(written, context);
    if (divided != nullptr) divided->sum(*written.reopen(), context);
  });
  return reading;
}

/// The same into what `divided` or, if it is null, the file of `to` is; explains a failure.
std::optional<MediumReading> write_copy(ImageArchive& from, const CopyOutput& to, DividedOutput* divided,
                                        const Context& context) {
  const std::filesystem::path file = divided != nullptr ? divided->volumes().front().path : behind_links(to.file);
  try {
    auto medium = divided != nullptr ? divided->make_medium() : std::make_unique<PartialFile>(file);
    return write_copy(from, to, std::move(medium), divided, context);
  } catch (Error& error) {
    explain_end_of_writing(error, file, from.sealed()->total_bytes());
    throw;
  }
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

void copy_divided(ImageArchive& archive, const CopyOutput& to, SplitReport& report, const Context& context) {
  DividedOutput divided(to.file, to.volumes, archive.sealed()->plan(), to.force);
  const auto existing = divided.open_existing(*context.progress);
  if (divided.is_divided_alike() && is_same(existing, *archive.sealed(), context)) {
    divided.complete_existing(context);
    if (to.verify_medium) report.medium = verify_files(files_of(divided), context);
  } else {
    report.medium = write_copy(archive, to, &divided, context);
  }
  divided.finish();
  report.volumes = divided.written();
}

void copy_to_file(ImageArchive& archive, const CopyOutput& to, SplitReport& report, const Context& context) {
  const std::filesystem::path output = behind_links(to.file);
  if (!is_same(open_existing(output, *context.progress), *archive.sealed(), context)) {
    report.medium = write_copy(archive, to, nullptr, context);
  } else if (to.verify_medium) {
    report.medium = verify_files({output}, context);
  }
}

}  // namespace

void check_copy_output(const CopyOutput& to) { check_output(to.file, to.force, to.volumes); }

SplitReport copy_whole(ImageArchive& archive, const CopyOutput& to, const Context& context) {
  SplitReport report{.archive_bytes = archive.sealed()->total_bytes(),
                     .fingerprint = archive.sealed()->fingerprint(),
                     .volumes = {},
                     .medium = {}};
  if (to.volumes.divides()) {
    copy_divided(archive, to, report, context);
  } else {
    copy_to_file(archive, to, report, context);
  }
  return report;
}

}  // namespace ociferry
