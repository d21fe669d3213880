#include "ferry/verify.hpp"

#include "base/text.hpp"
#include "ferry/image_set.hpp"
#include "ferry/load_archive.hpp"
#include "ociferry/error.hpp"
#include "stream/verify.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kReadBytes = 1024 * 1024;

void verify_blob(ImageArchive& archive, const Descriptor& blob, std::vector<std::byte>& buffer, Progress& progress,
                 const std::stop_token& stop) {
  VerifyingSource source(archive.open(blob, stop), blob, archive.name_of(blob.digest));
  while (const std::size_t got = source.read(buffer)) {
    if (stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
    progress.advance(static_cast<std::int64_t>(got));
  }
}

void throw_damage(const std::vector<std::exception_ptr>& failures) {
  std::vector<std::string> lines;
  std::exception_ptr last;
  for (const auto& failure : failures) {
    if (!failure) continue;
    try {
      std::rethrow_exception(failure);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Corrupt) throw;
      lines.push_back(error.message());
      last = failure;
    }
  }
  if (lines.size() == 1) std::rethrow_exception(last);
  if (!lines.empty()) {
    throw Error(ErrorCode::Corrupt, text::cat(lines.size(), " blobs are damaged:\n  - ", text::join(lines, "\n  - ")));
  }
}

}  // namespace

void verify_blobs(ImageArchive& archive, const std::vector<Descriptor>& blobs, const Context& context) {
  std::uint64_t bytes = 0;
  for (const Descriptor& blob : blobs) bytes += blob.size;
  context.progress->phase(text::cat("verifying ", blobs.size(), " blobs"), bytes);
  throw_damage(run_parallel(jobs_or_cores(context.jobs), blobs.size(), OnFailure::CarryOn, context.stop,
                            [&](std::size_t i, const std::stop_token& stop) {
                              std::vector<std::byte> buffer(kReadBytes);
                              verify_blob(archive, blobs[i], buffer, *context.progress, stop);
                            }));
}

VerifyReport verify(const std::filesystem::path& path, const Context& context) {
  const auto archive = open_image_archive(path, context.unpack);
  archive->check_headers();
  const ImageSet set = load_archive(archive, context);
  warn_of_nondistributable_layers(set, false, *context.progress);
  const std::vector<Descriptor> blobs = blobs_to_verify(*archive, set);
  verify_blobs(*archive, blobs, context);
  VerifyReport report{.format = std::string(to_string(archive->format())),
                      .is_sealed = archive->format() == ArchiveFormat::Sealed,
                      .archive_bytes = archive->total_bytes(),
                      .images = set.images().size(),
                      .blobs = blobs.size()};
  for (const SetImage& image : set.images()) {
    report.bundles += image.is_bundle ? 1 : 0;
    report.referrers += image.is_referrer ? 1 : 0;
  }
  return report;
}

}  // namespace ociferry
