#include "ferry/gather/verify_blobs.hpp"

#include <algorithm>

#include "base/stop.hpp"
#include "base/text.hpp"
#include "ferry/gather/reading_archive.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"
#include "stream/verify.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

void verify_blob(ImageArchive& archive, const Descriptor& blob, std::vector<std::byte>& buffer, Progress& progress,
                 const std::stop_token& stop) {
  VerifyingSource source(reading_archive([&] { return archive.open(blob, 0, stop); }), blob,
                         archive.name_of(blob.digest));
  while (const std::size_t got = source.read(buffer)) {
    throw_if_stopped(stop);
    progress.advance(static_cast<std::int64_t>(got));
  }
}

bool is_part_of(const Digest& blob, const SetImage& image, const Graph& graph) {
  return std::ranges::any_of(graph.closure(image.digest()), [&](const Digest& manifest) {
    const auto blobs = graph.blobs_of(manifest);
    return manifest == blob || std::ranges::any_of(blobs, [&](const Descriptor& one) { return one.digest == blob; });
  });
}

}  // namespace

std::string needed_by(const ImageSet& set, const Digest& blob) {
  constexpr std::size_t kImagesNamed = 3;
  std::vector<std::string> names;
  std::size_t more = 0;
  for (const SetImage& image : set.images()) {
    if (!is_part_of(blob, image, set.graph())) continue;
    if (names.size() == kImagesNamed) {
      ++more;
      continue;
    }
    names.push_back(to_string(image.reference));
    if (!image.tags.empty()) names.back() += text::cat(" (", *image.tags.begin(), ")");
  }
  if (names.empty()) return {};
  return text::cat("needed by ", text::join(names, ", "), more == 0 ? "" : text::cat(" and ", more, " more"));
}

namespace {

void throw_damage(const std::vector<std::exception_ptr>& failures, const std::vector<Descriptor>& blobs,
                  const ImageSet* set) {
  std::vector<std::pair<Digest, std::string>> lines;
  std::string hint;
  for (std::size_t i = 0; i < failures.size(); ++i) {
    if (!failures[i]) continue;
    try {
      std::rethrow_exception(failures[i]);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Corrupt) throw;
      lines.emplace_back(blobs[i].digest, error.message());
      hint = error.hint_text();
    }
  }
  if (lines.empty()) return;
  if (hint.empty()) {
    hint = "the archive was damaged or changed after it was written: copy it again, and compare its sha256sum";
  }
  const std::string list = list_of_damage(lines, set);
  if (lines.size() == 1) throw Error(ErrorCode::Corrupt, list).hint(hint);
  throw Error(ErrorCode::Corrupt, text::cat(lines.size(), " blobs are damaged:\n  - ", list)).hint(hint);
}

}  // namespace

std::string list_of_damage(const std::vector<std::pair<Digest, std::string>>& lines, const ImageSet* set) {
  constexpr std::size_t kExplained = 20;  // each takes a search through all images
  std::vector<std::string> all;
  for (const auto& [digest, line] : lines) {
    const std::string needed = set != nullptr && all.size() < kExplained ? needed_by(*set, digest) : "";
    all.push_back(needed.empty() ? line : text::cat(line, "; ", needed));
  }
  return text::join(all, "\n  - ");
}

std::vector<std::exception_ptr> check_blobs(ImageArchive& archive, const std::vector<Descriptor>& blobs,
                                            const Context& context) {
  std::uint64_t bytes = 0;
  for (const Descriptor& blob : blobs) bytes += blob.size;
  context.progress->phase(text::cat("verifying ", blobs.size(), " blobs"), bytes);
  return run_parallel(jobs_or_cores(context.jobs), blobs.size(), OnFailure::CarryOn, context.stop,
                      [&](std::size_t i, const std::stop_token& stop) {
                        std::vector<std::byte> buffer(kReadBufferBytes);
                        verify_blob(archive, blobs[i], buffer, *context.progress, stop);
                      });
}

void verify_blobs(ImageArchive& archive, const std::vector<Descriptor>& blobs, const Context& context,
                  const ImageSet* set) {
  throw_damage(check_blobs(archive, blobs, context), blobs, set);
}

}  // namespace ociferry
