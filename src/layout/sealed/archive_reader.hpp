#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "layout/image_archive.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "medium/medium.hpp"

namespace ociferry {

/// Reads an archive that `ArchiveWriter` wrote, in place and read-only. Thread-safe.
class ArchiveReader : public ImageArchive {
 public:
  /// Checks oci-layout, index.json, the seal and the medium's length. Throws Error{Corrupt} naming member and offset,
  /// or Error{Hostile} if it holds something else or a newer ociferry has written it.
  explicit ArchiveReader(std::unique_ptr<Medium> medium);
  /// The same for the regular file at `path`. Throws also Error{Usage} if it is none, Error{Io}.
  explicit ArchiveReader(const std::filesystem::path& path);

  [[nodiscard]] const std::string& name() const override { return medium_->name(); }
  [[nodiscard]] ArchiveFormat format() const override { return ArchiveFormat::Sealed; }
  [[nodiscard]] const std::vector<ArchiveItem>& items() const override { return items_; }
  [[nodiscard]] std::uint64_t total_bytes() const override { return plan_.total_bytes; }
  [[nodiscard]] std::optional<std::uint64_t> size_of(const Digest& blob) const override;
  [[nodiscard]] const ArchiveReader* sealed() const noexcept override { return this; }
  /// What tells it from every other sealed archive: the digest of its seal.
  [[nodiscard]] Digest fingerprint() const;
  [[nodiscard]] const ArchivePlan& plan() const noexcept { return plan_; }
  /// The blobs, in the order they lie in.
  [[nodiscard]] std::vector<Descriptor> blobs() const;

  /// Checks that every tar header and the trailer are, byte for byte, what the plan says; reads nothing else.
  /// Throws Error{Corrupt}.
  void check_headers() const;

  [[nodiscard]] std::optional<RawManifest> manifest(const std::string& selector) override;
  /// The stream also checks the zero bytes behind the blob, and throws Error{Corrupt} if they are not.
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token stop) override;

  /// "<archive>: <member> at offset <N>"
  [[nodiscard]] std::string name_of(const Digest& blob) const override;

  /// Where the blob's content begins. Throws Error{NotFound} if the archive does not hold it.
  [[nodiscard]] const ArchiveMember& member(const Digest& digest) const;

 private:
  /// A file before the blobs, and where it was found.
  struct FoundFile {
    ArchiveMember member;
    std::string content;
  };

  [[nodiscard]] FoundFile read_front_file(std::uint64_t position, std::string_view expected) const;
  [[nodiscard]] std::vector<FoundFile> read_front_files() const;
  [[nodiscard]] ReadSeal read_seal(const FoundFile& seal) const;
  [[nodiscard]] std::vector<FrontFile> check_front(std::vector<FoundFile> files, const FoundFile& seal,
                                                   const ReadSeal& says) const;
  [[nodiscard]] std::string read_header(const ArchiveMember& member) const;
  void read_front();
  void check_length() const;

  std::unique_ptr<Medium> medium_;
  ArchivePlan plan_;
  std::vector<ArchiveItem> items_;
  std::map<Digest, std::size_t> members_;
  std::map<Digest, std::string> media_types_;  ///< of the manifests that index.json lists
};

}  // namespace ociferry
