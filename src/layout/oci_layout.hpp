#pragma once

#include "layout/file_tree.hpp"
#include "layout/image_archive.hpp"

namespace ociferry {

/// An OCI image layout that another tool made (image-spec, image-layout.md): blobs by digest, and an index.json.
/// Names and tags are those of the annotations org.opencontainers.image.ref.name and io.containerd.image.name; an entry
/// without them is called unnamed_repository(). An archive of ours that was unpacked keeps the names it had. The index
/// of referrers that a tag "sha256-<hex>" names (distribution-spec, "Referrers Tag Schema") stands for what it lists.
class OciLayout : public ImageArchive {
 public:
  /// Reads oci-layout and index.json. Throws Error{Incomplete} if one is missing, Error{Hostile} if one is malformed.
  explicit OciLayout(std::unique_ptr<FileTree> tree);

  [[nodiscard]] const std::string& name() const override { return tree_->name(); }
  [[nodiscard]] ArchiveFormat format() const override { return ArchiveFormat::OciLayout; }
  [[nodiscard]] const std::vector<ArchiveItem>& items() const override { return items_; }
  [[nodiscard]] std::uint64_t total_bytes() const override { return tree_->total_bytes(); }
  [[nodiscard]] std::optional<std::uint64_t> size_of(const Digest& blob) const override;

  [[nodiscard]] std::optional<RawManifest> manifest(const std::string& selector) override;
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::stop_token stop) override;
  [[nodiscard]] std::string name_of(const Digest& blob) const override;

 private:
  void add_items(const std::vector<ArchiveItem>& entries);

  std::unique_ptr<FileTree> tree_;
  std::vector<ArchiveItem> items_;
};

/// The entries of a layout's index.json as items, each digest once. Throws Error{Hostile} if it is malformed.
[[nodiscard]] std::vector<ArchiveItem> read_layout_index(std::string_view index);

}  // namespace ociferry
