#include "ferry/write/compact_copy.hpp"

#include <vector>

#include "base/stop.hpp"
#include "base/text.hpp"
#include "ferry/write/compact_output.hpp"
#include "ferry/write/compact_reading_back.hpp"
#include "layout/compact_beginning.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/set_place.hpp"
#include "layout/sealed/volume_set.hpp"
#include "medium/file_medium.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

/// Returns the digest of the bytes.
Digest copy_bytes(const Medium& from, ByteSink& to, const Context& context) {
  context.progress->phase("copying the compact archive", from.size());
  Hasher hasher;
  std::vector<std::byte> buffer(kReadBufferBytes);
  std::uint64_t offset = 0;
  while (const std::size_t got = from.read_at(offset, buffer)) {
    throw_if_stopped(context.stop);
    const Bytes bytes = Bytes(buffer).first(got);
    hasher.update(bytes);
    to.write(bytes);
    from.done_with(offset, got);
    offset += got;
    context.progress->advance(static_cast<std::int64_t>(got));
  }
  return hasher.finish();
}

/// Reads back what was written.
SplitReport check_copy(const CompactOutput& to, const Medium& from, bool verify_medium, const Context& context) {
  try {
    const auto medium = read_back(to, verify_medium, context);
    const auto archive = open_compact_archive(to.reopen(), context.unpack, Reading::InOrder, context.stop);
    return {.archive_bytes = to.written(),
            .fingerprint = archive->sealed()->fingerprint(),
            .volumes = to.volumes(),
            .medium = medium};
  } catch (Error& error) {
    error.while_doing(text::cat("checking the copy of ", from.name(), ", of which nothing is left"));
    if (error.code() == ErrorCode::Corrupt) {
      error.hint("what was copied is damaged, or volumes are missing at its end: take it from the sender again");
    }
    throw;
  }
}

}  // namespace

bool is_compact_set(const std::filesystem::path& path, const VolumeSearch& search) {
  std::error_code unknown;
  if (std::filesystem::is_regular_file(path, unknown)) {
    // A plain archive, or its first volume: no need to read its table for that.
    const auto medium = open_medium(path);
    if (medium && has_first_header(*medium)) return false;
  }
  const auto place = place_of_set(path, search, silent_progress(), nullptr);
  return place && place->is_compact;
}

std::optional<PackedArchive> open_packed(const std::filesystem::path& path, const Context& context) {
  if (is_compact_set(path, context.volumes)) {
    auto set = find_volumes(path, context.volumes, *context.progress);
    if (!set || !set->is_compact) throw Error(ErrorCode::Io, text::cat(path.string(), " is no volume any more"));
    const auto digest = set->list ? std::optional(set->list->set) : std::nullopt;
    return PackedArchive{.bytes = open_volumes(*std::move(set), path, context.volumes), .digest = digest};
  }
  auto medium = open_medium(path);
  if (!medium || !compact::begins_compact(*medium)) return std::nullopt;
  return PackedArchive{.bytes = std::move(medium)};
}

SplitReport copy_packed(const PackedArchive& packed, const CopyOutput& output, const Context& context) {
  const auto to = open_compact_output(output.file, output.volumes, output.force);
  const Digest digest = copy_bytes(*packed.bytes, *to, context);
  if (packed.digest && digest != *packed.digest) {
    throw Error(ErrorCode::Corrupt, text::cat(packed.bytes->name(), " make an archive with the digest ", digest.text(),
                                              ", but their list says ", packed.digest->text()))
        .hint("sha256sum -c SHA256SUMS tells which volume is damaged: copy that again; nothing was written");
  }
  to->sync();
  SplitReport report = check_copy(*to, *packed.bytes, output.verify_medium, context);
  to->publish();
  return report;
}

}  // namespace ociferry
