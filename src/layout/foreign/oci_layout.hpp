#pragma once

#include "layout/foreign/attachment_kinds.hpp"
#include "layout/foreign/file_tree.hpp"
#include "layout/image_archive.hpp"

namespace ociferry {

/// An OCI image layout from another tool (image-spec, image-layout.md): blobs by digest, and an index.json. Names and
/// tags come from the annotations org.opencontainers.image.ref.name and io.containerd.image.name, else the name is
/// unnamed_repository(). Entries of our own unpacked archives keep their names. An index tagged "sha256-<hex>"
/// (distribution-spec, "Referrers Tag Schema") is replaced by the referrers that it lists.
class OciLayout : public ImageArchive {
 public:
  /// Reads index.json, and oci-layout, which may be missing. Throws Error{Incomplete} if index.json is missing,
  /// Error{Hostile} if one of them is malformed.
  explicit OciLayout(std::unique_ptr<FileTree> tree);

  [[nodiscard]] const std::string& name() const override { return tree_->name(); }
  [[nodiscard]] ArchiveFormat format() const override { return ArchiveFormat::OciLayout; }
  [[nodiscard]] const std::vector<ArchiveItem>& items() const override { return items_; }
  [[nodiscard]] std::uint64_t total_bytes() const override { return tree_->total_bytes(); }
  [[nodiscard]] std::optional<std::uint64_t> size_of(const Digest& blob) const override;

  [[nodiscard]] std::optional<RawManifest> manifest(const std::string& selector) override;
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token stop) override;
  [[nodiscard]] std::string name_of(const Digest& blob) const override;

 private:
  void add_items(const std::vector<ArchiveItem>& entries);

  std::unique_ptr<FileTree> tree_;
  std::vector<ArchiveItem> items_;
};

/// The parsed index.json of a layout.
struct LayoutIndex {
  std::vector<ArchiveItem> items = {};  ///< each digest once
  std::vector<std::string> notes = {};  ///< ImageArchive::notes()
};

/// Reads index.json. An entry that `cosign save` or hauler marks as attached gets cosign's tag for it. Its image is
/// found by its payload (in `blobs`, if given), else by name, else it is the preceding image. Throws Error{Hostile} if
/// malformed.
[[nodiscard]] LayoutIndex read_layout_index(std::string_view index, const SmallBlobs& blobs = {});

}  // namespace ociferry
