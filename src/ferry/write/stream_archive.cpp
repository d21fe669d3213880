#include "ferry/write/stream_archive.hpp"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

#include "base/text.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/gather/reading_archive.hpp"
#include "ferry/set/archive_contents.hpp"
#include "ferry/write/archive_report.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/archive_stream.hpp"
#include "medium/output_stream.hpp"
#include "medium/stream_medium.hpp"
#include "ociferry/error.hpp"
#include "transfer/read_ahead.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kTarBlockBytes = 512;

/// Passes bytes on to the receiver, and reports them.
class ReportedOutput : public ByteSink {
 public:
  ReportedOutput(OutputStream& to, Progress& progress) : to_(to), progress_(progress) {}
  void write(Bytes bytes) override {
    to_.write(bytes);
    progress_.advance(static_cast<std::int64_t>(bytes.size()));
  }

 private:
  OutputStream& to_;
  Progress& progress_;
};

/// What the receiver has after a failure, and what to do.
void explain_cut(Error& error, std::uint64_t written, std::uint64_t total) {
  if (written == 0) {
    error.hint("nothing was written; run the same command again");
    return;
  }
  error.while_doing(text::cat("writing the archive as a stream: it is cut after ", written, " of ", total, " bytes"));
  error.hint("what the receiver has is no whole archive, and no import takes it: run both sides again");
}

/// Reads the beginning of the stream, all but the layers, as the other side will: what it would refuse must show while
/// nothing is written.
std::shared_ptr<ArchiveReader> check_front(std::unique_ptr<StreamMedium> medium, const Context& context) {
  context.progress->phase("checking the beginning of the archive", 0);
  auto archive = std::make_shared<ArchiveReader>(std::move(medium));
  static_cast<void>(load_archive(archive, context));
  return archive;
}

/// All bytes of the archive of `plan`, whose blobs are `blobs`.
std::unique_ptr<StreamMedium> bytes_of(ArchivePlan plan, const std::vector<const Graph::BlobNode*>& blobs,
                                       const Context& context) {
  const auto ahead = std::make_shared<ReadAhead>(blobs, context.jobs, context.stop);
  auto open = [ahead](std::size_t blob) { return reading_archive([&] { return ahead->open(blob); }); };
  return std::make_unique<StreamMedium>("the archive", std::make_unique<ArchiveStream>(std::move(plan), open));
}

void count_all(const std::vector<const Graph::BlobNode*>& blobs, TransferReport& report) {
  report.blobs_written = blobs.size();
  for (const Graph::BlobNode* blob : blobs) report.bytes_written += blob->descriptor.size;
}

}  // namespace

void check_stream_output(const StreamOutput& to) {
  if (to.blocking_factor > kMostBlockingFactor) {
    throw Error(ErrorCode::Usage, text::cat("a blocking factor of ", to.blocking_factor, " is more than ",
                                            kMostBlockingFactor, ", which makes records of 64 MiB"));
  }
  if (::isatty(to.fd) != 1) return;
  throw Error(ErrorCode::Usage, text::cat(to.name, " is a terminal, and an archive is nothing to be shown"))
      .hint("send it on: ociferry export ... -o - | ssh host ociferry import - ...");
}

TransferReport stream_archive(const ImageSet& set, const StreamOutput& to, const Context& context,
                              const ArchiveForm& form) {
  check_digests(set);  // no archive is written that no import would take
  const ArchiveContents contents = archive_contents(set, form.baseline);
  ArchivePlan plan = plan_of(contents, set);
  check_readable(plan);
  check_promise(plan, form.promised);
  TransferReport report = begin_report(set, plan);
  context.progress->event("writing layers...");
  const auto begin = std::chrono::steady_clock::now();
  OutputStream output(to.fd, to.name, to.blocking_factor * kTarBlockBytes, context.stop);
  try {
    const auto archive = check_front(bytes_of(std::move(plan), contents.blobs, context), context);
    context.progress->phase(text::cat("exporting ", report.images, " images as a stream"), report.archive_bytes);
    archive->stream()->pass(std::make_shared<ReportedOutput>(output, *context.progress));
    archive->stream()->read_to_end();
    output.finish();
  } catch (Error& error) {
    explain_cut(error, output.written(), report.archive_bytes);
    throw;
  }
  count_all(contents.blobs, report);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  context.progress->event(text::cat("done: ", to.name, " (", took.count(), "ms)"));
  return report;
}

}  // namespace ociferry
