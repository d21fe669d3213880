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

/// Who wrote an archive, told by what is in it.
enum class ArchiveFormat {
  Sealed,         ///< ociferry: docs/archive-format.md
  OciLayout,      ///< an OCI image layout (image-spec, image-layout.md), a directory or a tar of one
  ImgpkgTar,      ///< `imgpkg copy --to-tar`
  DockerArchive,  ///< `docker save`, before it wrote layouts
};

/// "sealed archive", "OCI image layout", "imgpkg tar", "docker-save archive"
[[nodiscard]] std::string_view to_string(ArchiveFormat format);

/// Images in a file or directory, read in place. Nothing is unpacked; what was opened stays open. Thread-safe.
class ImageArchive : public ImageSource {
 public:
  /// The path that the user gave.
  [[nodiscard]] virtual const std::string& name() const = 0;
  [[nodiscard]] virtual ArchiveFormat format() const = 0;
  /// The images that the archive lists, each digest once. Of unsealed archives, roles are guesses from names (a bundle
  /// is an Image here) and only those roots are marked that the archive marks itself.
  [[nodiscard]] virtual const std::vector<ArchiveItem>& items() const = 0;
  /// The length of the file; of a directory, that of all files in it.
  [[nodiscard]] virtual std::uint64_t total_bytes() const = 0;
  /// By its form: what refers to others that are there, as a manifest does, is none.
  [[nodiscard]] bool is_blob(const Descriptor& content) override;
  /// The bytes that are there for a blob; nullopt if it is not in the archive.
  [[nodiscard]] virtual std::optional<std::uint64_t> size_of(const Digest& blob) const = 0;

  /// What was found at opening that a user should know although the archive can be read: names that are not kept, a
  /// seal that no longer holds.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
  void note(std::string line) { notes_.push_back(std::move(line)); }

  /// The archive with what only a sealed one has: a plan, a fingerprint, headers that can be checked. Null for others.
  [[nodiscard]] virtual const ArchiveReader* sealed() const noexcept { return nullptr; }

 private:
  std::vector<std::string> notes_;
};

/// The manifest in `bytes`, which are what `digest` names: the descriptor's media type is what the bytes say.
/// Throws Error{Hostile} starting with `what` if they are no JSON.
[[nodiscard]] RawManifest make_raw_manifest(std::string bytes, const Digest& digest, std::string_view what);

}  // namespace ociferry
