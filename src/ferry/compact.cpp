#include "ociferry/compact.hpp"
#include "ferry/write/inputs_stay.hpp"

#include <memory>
#include <set>
#include <vector>

#include "archive/tar_header.hpp"
#include "archive/zstd_sink.hpp"
#include "base/text.hpp"
#include "ferry/gather/compact_bases.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/gather/plain_archive.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/compact_output.hpp"
#include "ferry/write/compact_reading_back.hpp"
#include "ferry/write/stream_archive.hpp"
#include "ferry/write/whole_copy.hpp"
#include "layout/compact/compact_writer.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/stream_check.hpp"
#include "medium/output_stream.hpp"
#include "medium/stream_medium.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// Reads the written archive as an import does, except for the layers, which were compressed from their recipes before.
void check_compacted(const CompactOutput& output, const Digest& fingerprint, const Context& context) {
  const auto archive = open_compact_archive(output.reopen(), context.unpack, Reading::InOrder, context.stop);
  static_cast<void>(load_archive(archive, context));
  if (archive->sealed()->fingerprint() == fingerprint) return;
  throw Error(ErrorCode::Internal, text::cat(archive->name(), " does not give the archive that it was made of"));
}

CompactReport report_of(const compact::StudiedArchive& studied, const ArchiveReader& archive) {
  CompactReport report{.archive_bytes = archive.total_bytes(),
                       .kept_bytes = studied.header.kept_bytes,
                       .as_they_are = {},
                       .fingerprint = archive.fingerprint()};
  const std::vector<Descriptor> blobs = archive.blobs();
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    const compact::LayerForm& form = studied.blobs[i];
    if (form.kind == compact::MemberKind::Whole) {
      ++report.blobs_of_base;
    } else if (form.kind != compact::MemberKind::Plain) {
      ++report.layers_opened;
      report.unpacked_bytes += form.unpacked_bytes;
      report.recipe_bytes += form.recipe_bytes;
    } else if (form.is_zstd) {
      report.in_zstd.add(blobs[i].size);
    } else if (!form.why_as_it_is.empty()) {
      report.as_they_are.push_back({blobs[i].digest, form.why_as_it_is});
    }
  }
  return report;
}

/// Opens a compact archive, whose plain form is read once.
std::shared_ptr<ImageArchive> open_compact(const std::filesystem::path& path, const Context& context) {
  auto archive = open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes, nullptr,
                                    Reading::InOrder);
  if (archive->compact() != nullptr) return archive;
  throw Error(ErrorCode::Usage,
              text::cat(path.string(), " is not a compact archive (it is read as: ", to_string(archive->format()), ")"))
      .hint("nothing needs to be expanded: use it as it is");
}

/// Passes bytes on to the receiver, after they were checked.
class CheckedOutput : public ByteSink {
 public:
  CheckedOutput(const ImageArchive& archive, OutputStream& to, Progress& progress)
      : check_(archive.sealed()->plan(), archive.name()), to_(to), progress_(progress) {}
  void write(Bytes bytes) override {
    check_.write(bytes);
    to_.write(bytes);
    progress_.advance(static_cast<std::int64_t>(bytes.size()));
  }
  void finish() const { check_.finish(); }

 private:
  StreamCheck check_;
  OutputStream& to_;
  Progress& progress_;
};

}  // namespace

namespace {

/// Makes a compact archive of `sealed`; of its blobs, `layers` may be opened.
CompactReport write_compact_archive(ArchiveReader& sealed, const std::set<Digest>& layers,
                                    const std::vector<std::shared_ptr<ImageArchive>>& since,
                                    const CompactOptions& options, const Context& context) {
  const std::filesystem::path output = options.volumes.divides() ? options.output : behind_links(options.output);
  const std::filesystem::path directory = work_directory_of(options.work_directory, output);
  const std::size_t threads = jobs_or_cores(context.jobs);
  const auto file = open_compact_output(output, options.volumes, options.force);
  std::unique_ptr<compact::BaseContents> base;
  if (!since.empty()) {
    base = std::make_unique<compact::BaseContents>(since, directory, context.unpack, *context.progress, context.stop);
  }
  const auto studied = compact::study_archive(sealed, base.get(), layers, directory, compact::Recipes::All, threads,
                                              *context.progress, context.stop);
  ZstdSink packed(*file, zstd_level_of(options.effort));
  compact::write_compact(sealed, *studied, base.get(), packed, *context.progress, context.stop);
  packed.finish();
  file->sync();
  const auto medium = read_back(*file, options.verify_medium, context);
  check_compacted(*file, sealed.fingerprint(), context);
  file->publish();
  CompactReport report = report_of(*studied, sealed);
  report.compact_bytes = file->written();
  report.volumes = file->volumes();
  report.medium = medium;
  for (const BlobAsItIs& one : report.as_they_are) {
    context.progress->warn(text::cat(sealed.name_of(one.blob), " is kept as it is, in gzip: ", one.why));
  }
  return report;
}

}  // namespace

CompactReport compact_archive(const CompactOptions& options, const Context& context) {
  check_inputs_stay({.copied = {options.archive}, .bases = options.since}, options.output, options.volumes,
                    context.volumes);
  check_compact_output(options.output, options.volumes, options.force);
  const auto since = open_older(options.since, context);
  const auto [archive, layers] = open_plain(options.archive, context);
  ArchiveReader& sealed = *archive->sealed();  // open_plain() takes no others
  try {
    return write_compact_archive(sealed, layers, since, options, context);
  } catch (Error& error) {
    if (error.code() == ErrorCode::Space) {
      error.while_doing(text::cat("making a compact archive, which may take as much as the plain one, ",
                                  sealed.total_bytes(), " bytes"));
      error.hint("free some space, or have temporary files elsewhere with --work-dir; nothing of it was left");
    }
    throw;
  }
}

SplitReport expand_archive(const ExpandOptions& options, const Context& context) {
  const CopyOutput to{.file = options.output,
                      .volumes = options.volumes,
                      .force = options.force,
                      .verify_medium = options.verify_medium};
  check_inputs_stay({.copied = {options.archive}, .bases = options.bases}, options.output, options.volumes,
                    context.volumes);
  check_copy_output(to);
  const auto archive = open_compact(options.archive, context);
  provide_base(archive, options.bases, context);
  check_base(*archive);
  return copy_whole(*archive, to, context);
}

SplitReport expand_to_stream(const ExpandOptions& options, const StreamOutput& to, const Context& context) {
  check_stream_output(to);
  const auto archive = open_compact(options.archive, context);
  provide_base(archive, options.bases, context);
  check_base(*archive);
  const ArchiveReader& sealed = *archive->sealed();
  OutputStream output(to.fd, to.name, to.blocking_factor * kTarBlock, context.stop);
  context.progress->phase("expanding", sealed.total_bytes());
  const auto checked = std::make_shared<CheckedOutput>(*archive, output, *context.progress);
  try {
    sealed.stream()->pass(checked);
    sealed.stream()->read_to_end();
    checked->finish();
    output.finish();
  } catch (Error& error) {
    if (output.written() > 0) {
      error.while_doing(text::cat("writing the archive as a stream: it is cut after ", output.written(), " of ",
                                  sealed.total_bytes(), " bytes"));
    }
    throw;
  }
  return {.archive_bytes = sealed.total_bytes(), .fingerprint = sealed.fingerprint(), .volumes = {}, .medium = {}};
}

}  // namespace ociferry
