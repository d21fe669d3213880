#pragma once

#include <map>

#include "layout/foreign/file_tree.hpp"
#include "layout/image_archive.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

/// The contents of an archive whose files are not named by digest but listed in manifest.json.
struct ListedContents {
  std::vector<ArchiveItem> items = {};
  std::map<Digest, RawManifest> manifests = {};
  std::map<Digest, std::string> configs = {};  ///< content by digest
  std::map<Digest, std::string> layers = {};   ///< path by digest; the file may be missing
  std::vector<std::string> notes = {};         ///< ImageArchive::notes()
};

/// Reads the manifest.json of imgpkg's tar. Keys match in any case, unknown ones are ignored; DiffID, OrigRef, Tag and
/// Labels may be absent. Verifies the digest of every manifest and configuration in it. Throws Error{Corrupt} or
/// Error{Hostile} naming the image.
[[nodiscard]] ListedContents read_imgpkg_manifest(std::string_view json);

/// Reads a docker-save archive: builds a manifest for each configuration and its layers, with the same bytes every
/// time. It is a Docker (schema 2) manifest, or an OCI one if a layer is compressed with zstd, for which Docker has no
/// media type. The configuration's diff_ids identify the layers; compressed ones, whose digest is not recorded, are
/// read and hashed. Throws Error{Corrupt} if a compressed layer has another diff_id, Error{Incomplete} if a file is
/// missing, Error{Hostile} if manifest.json is malformed or a layer's compression has no media type.
[[nodiscard]] ListedContents read_docker_archive(const FileTree& tree, const UnpackLimits& limits = {});

/// An archive that is read by way of ListedContents.
class ListedArchive : public ImageArchive {
 public:
  ListedArchive(ArchiveFormat format, std::unique_ptr<FileTree> tree, ListedContents contents)
      : format_(format), tree_(std::move(tree)), contents_(std::move(contents)) {
    for (const std::string& line : contents_.notes) note(line);
  }

  [[nodiscard]] const std::string& name() const override { return tree_->name(); }
  [[nodiscard]] ArchiveFormat format() const override { return format_; }
  [[nodiscard]] const std::vector<ArchiveItem>& items() const override { return contents_.items; }
  [[nodiscard]] std::uint64_t total_bytes() const override { return tree_->total_bytes(); }
  [[nodiscard]] std::optional<std::uint64_t> size_of(const Digest& blob) const override;

  [[nodiscard]] std::optional<RawManifest> manifest(const std::string& selector) override;
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token stop) override;
  [[nodiscard]] std::string name_of(const Digest& blob) const override;

 private:
  ArchiveFormat format_;
  std::unique_ptr<FileTree> tree_;
  ListedContents contents_;
};

}  // namespace ociferry
