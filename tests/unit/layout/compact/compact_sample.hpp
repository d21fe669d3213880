#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "archive/unpacker.hpp"
#include "archive/zstd_sink.hpp"
#include "layout/compact/base_contents.hpp"
#include "layout/compact/compact_reader.hpp"
#include "layout/compact/compact_writer.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/archive_stream.hpp"
#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

inline constexpr std::uint64_t kSampleLimit = 1 << 28;

/// An archive of these blobs, and its compact form, for a receiver who has `base`.
class CompactSample {
 public:
  explicit CompactSample(const std::vector<std::string>& contents, std::size_t threads = 2,
                         const compact::BaseContents* base = nullptr)
      : plain(archive_of(contents)), archive((write_text(path(), plain), path())), made(study(threads, {}, base)) {
    StringSink out(kSampleLimit);
    compact::write_compact(archive, studied, base, out, silent_progress(), {});
    tar = out.content;
  }
  [[nodiscard]] std::unique_ptr<compact::StudiedArchive> study(std::size_t threads, const std::stop_token& stop = {},
                                                               const compact::BaseContents* base = nullptr) {
    std::set<Digest> layers;
    for (const Descriptor& blob : blobs) layers.insert(blob.digest);
    return compact::study_archive(archive, base, layers, directory.path(), compact::Recipes::All, threads,
                                  silent_progress(), stop);
  }

  [[nodiscard]] std::filesystem::path path() const { return directory.path() / "a.tar"; }

  TempDirectory directory = temp_directory();
  std::vector<Descriptor> blobs;
  std::string plain;
  ArchiveReader archive;  ///< of `plain`, in a file
  std::unique_ptr<compact::StudiedArchive> made;
  compact::StudiedArchive& studied = *made;
  std::string tar;  ///< the compact form, before it is compressed

 private:
  [[nodiscard]] std::string archive_of(const std::vector<std::string>& contents) {
    MemoryTarget source;
    for (const std::string& content : contents) blobs.push_back(source.add_blob(content, "layer"));
    ArchiveStream stream(plan_archive(std::vector<ArchiveItem>(), blobs),
                         [&](std::size_t i) { return source.open(blobs[i], 0, {}); });
    return read_all(stream, kSampleLimit);
  }
};

[[nodiscard]] inline std::string compressed(const std::string& tar) {
  StringSink out(kSampleLimit);
  ZstdSink sink(out, 3);
  sink.write(as_bytes(tar));
  sink.finish();
  return out.content;
}

/// The plain archive of a compact one, read in pieces of `piece` bytes. `packed` may be a tar that is not compressed.
/// `base`: has all blobs that it builds on.
[[nodiscard]] inline std::string expanded(const std::string& packed, std::size_t piece = 100'000,
                                          const std::shared_ptr<BlobSource>& base = nullptr) {
  const TempDirectory directory = temp_directory();
  compact::CompactReader reader(std::make_unique<StringSource>(packed), "a.tar.zst", {}, directory.path());
  if (base) {
    for (const Descriptor& blob : reader.base()->blobs) reader.base()->holders.emplace(blob.digest, base);
  }
  std::string plain;
  std::vector<std::byte> buffer(piece);
  while (const std::size_t got = reader.read(buffer)) plain += as_text(Bytes(buffer).first(got));
  return plain;
}

}  // namespace ociferry::testing
