#include "ociferry/compact.hpp"

#include <fcntl.h>

#include <cerrno>
#include <limits>
#include <memory>
#include <set>
#include <vector>

#include "archive/tar_header.hpp"
#include "archive/unpacker.hpp"
#include "archive/zstd_sink.hpp"
#include "base/stop.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/deliver/archive_output.hpp"
#include "ferry/deliver/compact_output.hpp"
#include "ferry/deliver/stream_archive.hpp"
#include "ferry/deliver/whole_copy.hpp"
#include "ferry/gather/compact_bases.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/set/archive_contents.hpp"
#include "layout/compact/compact_reader.hpp"
#include "layout/compact/compact_writer.hpp"
#include "layout/compact/watched_source.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/stream_check.hpp"
#include "medium/output_stream.hpp"
#include "medium/partial_file.hpp"
#include "medium/stream_medium.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// The levels of zstd.
constexpr int kFast = 3;
constexpr int kSmall = 12;

void remove_file(const std::filesystem::path& file) {
  if (calls::unlinkat(AT_FDCWD, file.c_str(), 0) == 0 || errno == ENOENT) return;
  throw system_error(text::cat("removing ", file.string()), errno);
}

/// An archive that a compact one can be made of.
struct PlainArchive {
  std::shared_ptr<ImageArchive> archive;
  std::set<Digest> layers;  ///< of images: what is read last
};

/// Opens it, and checks its headers and its graph.
PlainArchive open_plain(const std::filesystem::path& path, const Context& context) {
  auto archive = open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes);
  if (archive->compact() != nullptr) {
    throw Error(ErrorCode::Usage, text::cat(path.string(), " is a compact archive already"))
        .hint(text::cat("use it as it is; for another effort, make one of the plain archive: ociferry expand ",
                        path.string(), " -o OUT.tar"));
  }
  if (archive->sealed() == nullptr) {
    throw Error(ErrorCode::Usage, text::cat(path.string(), " is no archive with a seal, but one of another tool (",
                                            to_string(archive->format()), ")"))
        .hint(text::cat("make one of it first: ociferry copy --tar ", path.string(), " --to-tar OUT.tar"));
  }
  if (archive->sealed()->stream() != nullptr) {
    throw Error(ErrorCode::Usage, text::cat(archive->name(), " is a stream, and is read twice for a compact archive"))
        .hint("write it to a file, and give that");
  }
  archive->sealed()->check_headers();
  std::set<Digest> layers = separable_layers(load_archive(archive, context));
  return {.archive = std::move(archive), .layers = std::move(layers)};
}

/// Reads back what was written: all but the layers as an import does, and of all the checksum. Layers were compressed
/// from their recipes before.
void check_written(const std::filesystem::path& file, const Medium& written, const Digest& fingerprint,
                   const Context& context) {
  context.progress->phase("reading the compact archive back", written.size());
  compact::WatchedSource packed(std::make_unique<MediumSource>(written, 0, written.size()), *context.progress);
  UnpackLimits limits = context.unpack;
  limits.ratio = std::numeric_limits<std::uint64_t>::max();  // it is our own
  Unpacker unpacked(packed, written.name(), limits);
  std::vector<std::byte> buffer(kReadBufferBytes);
  while (unpacked.read(buffer) > 0) throw_if_stopped(context.stop);
  const auto archive =
      open_image_archive(file, context.unpack, *context.progress, context.stop, {}, nullptr, Reading::InOrder);
  static_cast<void>(load_archive(archive, context));
  if (archive->sealed()->fingerprint() == fingerprint) return;
  throw Error(ErrorCode::Internal, text::cat(file.string(), " does not give the archive that it was made of"));
}

/// Opens what the receiver has. Throws if it cannot be built on.
std::vector<std::shared_ptr<ImageArchive>> open_since(const std::vector<std::filesystem::path>& since,
                                                      const Context& context) {
  std::vector<std::shared_ptr<ImageArchive>> archives;
  for (const std::filesystem::path& path : since) {
    archives.push_back(open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes));
    if (archives.back()->sealed() != nullptr) continue;
    throw Error(ErrorCode::Usage, text::cat(path.string(), " is no archive with a seal, but one of another tool (",
                                            to_string(archives.back()->format()), ")"))
        .hint(text::cat("make one of it, on both sides: ociferry copy --tar ", path.string(), " --to-tar OUT.tar"));
  }
  provide_bases(archives);
  for (const auto& archive : archives) check_base(*archive, "--since");
  return archives;
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

CompactReport compact_archive(const CompactOptions& options, const Context& context) {
  check_compact_output(options.output, options.force);
  const auto since = open_since(options.since, context);
  const auto [archive, layers] = open_plain(options.archive, context);
  const std::filesystem::path output = behind_links(options.output);
  const std::size_t threads = jobs_or_cores(context.jobs);
  auto& sealed = dynamic_cast<ArchiveReader&>(*archive);
  CompactOutput file(output);
  const std::filesystem::path directory = output.parent_path().empty() ? "." : output.parent_path();
  std::unique_ptr<compact::BaseContents> base;
  if (!since.empty()) {
    base = std::make_unique<compact::BaseContents>(since, directory, context.unpack, *context.progress, context.stop);
  }
  const auto studied =
      compact::study_archive(sealed, base.get(), layers, directory, threads, *context.progress, context.stop);
  ZstdSink packed(file, options.effort == CompactEffort::Fast ? kFast : kSmall);
  compact::write_compact(sealed, *studied, base.get(), packed, *context.progress, context.stop);
  packed.finish();
  check_written(PartialFile::path_for(output), *file.sync(), sealed.fingerprint(), context);
  file.publish();
  CompactReport report = report_of(*studied, sealed);
  report.compact_bytes = file.written();
  for (const BlobAsItIs& one : report.as_they_are) {
    context.progress->warn(text::cat(sealed.name_of(one.blob), " is kept as it is, in gzip: ", one.why));
  }
  return report;
}

CompactExport export_compact(const ExportOptions& options, CompactEffort effort,
                             const std::vector<std::filesystem::path>& since, const Context& context) {
  if (options.volumes.divides() || options.verify_medium) {
    throw Error(ErrorCode::Usage, "a compact archive is one file, and is not read back from its medium")
        .hint("leave out --volume-size and --verify-medium, or --compact");
  }
  check_compact_output(options.archive, options.force);
  static_cast<void>(open_since(since, context));  // fails before anything is fetched
  ExportOptions plain = options;
  plain.archive = behind_links(options.archive).string() + ".plain";
  TransferReport exported = export_archive(plain, context);
  try {
    CompactReport compacted = compact_archive(
        {.archive = plain.archive, .output = options.archive, .effort = effort, .since = since, .force = options.force},
        context);
    remove_file(plain.archive);
    return {.plain = std::move(exported), .compact = std::move(compacted)};
  } catch (Error& error) {
    error.hint(text::cat("the plain archive is in ", plain.archive.string(),
                         ": the same command goes on from there, and it can be carried as it is"));
    throw;
  }
}

SplitReport expand_archive(const ExpandOptions& options, const Context& context) {
  const CopyOutput to{.file = options.output,
                      .volumes = options.volumes,
                      .force = options.force,
                      .verify_medium = options.verify_medium};
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
