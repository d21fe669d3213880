#pragma once

#include <doctest/doctest.h>

#include <string>

#include "base/fd.hpp"
#include "layout/image_archive.hpp"
#include "layout/open_archive.hpp"
#include "ociferry/error.hpp"
#include "stream/go_gzip.hpp"
#include "stream/memory.hpp"
#include "stream/verify.hpp"
#include "support/image_builder.hpp"
#include "support/tar_builder.hpp"

namespace ociferry::testing {

/// A file that an archive is read from.
class ArchiveFile {
 public:
  explicit ArchiveFile(std::string_view content) { write_file_atomically(path, content, 0600); }

  [[nodiscard]] std::shared_ptr<ImageArchive> open() const { return open_image_archive(path); }

  TempDirectory directory{std::filesystem::temp_directory_path(), "archive-test-"};
  std::filesystem::path path = directory.path() / "a.tar";
};

/// What is said about an archive that is refused; "nothing" if it is not.
[[nodiscard]] inline std::string refusal(std::string_view content, ErrorCode code) {
  const ArchiveFile file(content);
  try {
    static_cast<void>(file.open());
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.message();
  }
  return "nothing";
}

[[nodiscard]] inline bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Content packed with gzip, as Go does it.
[[nodiscard]] inline std::string gzip(const std::string& content) {
  StringSink packed(1 << 20);
  GoGzipSink gzip(packed);
  gzip.write(as_bytes(content));
  gzip.finish();
  return packed.content;
}

/// Content packed with zstd.
[[nodiscard]] inline std::string zstd(const std::string& content) {
  const Image image = make_image({.layers = {{.compression = LayerCompression::Zstd, .tar = content}}});
  for (const auto& [digest, blob] : image.blobs) {
    if (blob.starts_with("\x28\xb5\x2f\xfd")) return blob;
  }
  return {};
}

/// A blob's content, checked.
[[nodiscard]] inline std::string content_of(ImageArchive& archive, const Descriptor& blob) {
  VerifyingSource source(archive.open(blob, 0, {}), blob, archive.name_of(blob.digest));
  return read_all(source, 1 << 20);
}

}  // namespace ociferry::testing
