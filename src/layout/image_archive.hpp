#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "layout/archive_item.hpp"
#include "layout/compact_base.hpp"
#include "ociferry/compact_storage.hpp"
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
  /// The images that the archive lists, each digest once. Without a seal, roles are derived from names (so a bundle is
  /// an Image), and an image is a root only if the archive marks it.
  [[nodiscard]] virtual const std::vector<ArchiveItem>& items() const = 0;
  /// The size of the file, or of all files in the directory.
  [[nodiscard]] virtual std::uint64_t total_bytes() const = 0;
  /// Decided by content: what parses as a manifest and refers to present blobs is not a blob.
  [[nodiscard]] bool is_blob(const Descriptor& content) override;
  /// The size of a blob in the archive; nullopt if absent.
  [[nodiscard]] virtual std::optional<std::uint64_t> size_of(const Digest& blob) const = 0;
  /// True if it is a delta and leaves out `blob`.
  [[nodiscard]] virtual bool leaves_out(const Digest& /*blob*/) const { return false; }

  /// Warnings from opening the archive: dropped names, a seal that does not match.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
  void note(std::string line) { notes_.push_back(std::move(line)); }

  /// How it is stored, if that is as a compact archive. Null for others.
  [[nodiscard]] const CompactStorage* compact() const noexcept { return compact_ ? &*compact_ : nullptr; }
  void set_compact(const CompactStorage& storage) { compact_ = storage; }
  /// What a compact archive builds on. Null if it is none, or builds on nothing.
  [[nodiscard]] CompactBase* compact_base() const noexcept { return base_.get(); }
  void set_compact_base(std::shared_ptr<CompactBase> base) { base_ = std::move(base); }

  /// The archive as a sealed one, with plan, fingerprint and checked headers. Null for others.
  [[nodiscard]] virtual const ArchiveReader* sealed() const noexcept { return nullptr; }
  [[nodiscard]] virtual ArchiveReader* sealed() noexcept { return nullptr; }

 private:
  std::vector<std::string> notes_;
  std::optional<CompactStorage> compact_;
  std::shared_ptr<CompactBase> base_;
};

/// The manifest in `bytes`, whose digest is `digest`; its media type is taken from the bytes. Throws Error{Hostile}
/// starting with `what` if they are not JSON.
[[nodiscard]] RawManifest make_raw_manifest(std::string bytes, const Digest& digest, std::string_view what);

}  // namespace ociferry
