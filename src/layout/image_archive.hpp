#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "layout/archive_item.hpp"
#include "ociferry/progress.hpp"
#include "store/store.hpp"

namespace ociferry {

class ArchiveReader;

/// Archive formats, detected from their members.
enum class ArchiveFormat {
  Sealed,         ///< ociferry: docs/archive-format.md
  OciLayout,      ///< an OCI image layout (image-spec, image-layout.md), a directory or a tar of one
  ImgpkgTar,      ///< `imgpkg copy --to-tar`
  DockerArchive,  ///< `docker save`, before it wrote layouts
};

/// "sealed archive", "OCI image layout", "imgpkg tar", "docker-save archive"
[[nodiscard]] std::string_view to_string(ArchiveFormat format);

/// Images in a file or directory, read in place. Files stay open. Thread-safe.
class ImageArchive : public ImageSource {
 public:
  /// The path from the command line.
  [[nodiscard]] virtual const std::string& name() const = 0;
  [[nodiscard]] virtual ArchiveFormat format() const = 0;
  /// The images that the archive lists, each digest once. Without a seal, roles are derived from names (a bundle is
  /// an Image here), and only roots that the archive marks are marked.
  [[nodiscard]] virtual const std::vector<ArchiveItem>& items() const = 0;
  /// The length of the file; of a directory, that of all files in it.
  [[nodiscard]] virtual std::uint64_t total_bytes() const = 0;
  /// Decided by its form: content that refers to present blobs like a manifest is none.
  [[nodiscard]] bool is_blob(const Descriptor& content) override;
  /// The size of a blob in the archive; nullopt if absent.
  [[nodiscard]] virtual std::optional<std::uint64_t> size_of(const Digest& blob) const = 0;

  /// Warnings from opening the archive: names that are dropped, a seal that does not match.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
  void note(std::string line) { notes_.push_back(std::move(line)); }

  /// The archive as a sealed one, with plan, fingerprint and checked headers. Null for others.
  [[nodiscard]] virtual const ArchiveReader* sealed() const noexcept { return nullptr; }

 private:
  std::vector<std::string> notes_;
};

/// The manifest in `bytes`, whose digest is `digest`; the media type of the descriptor is that of the bytes.
/// Throws Error{Hostile} starting with `what` if they are no JSON.
[[nodiscard]] RawManifest make_raw_manifest(std::string bytes, const Digest& digest, std::string_view what);

}  // namespace ociferry
