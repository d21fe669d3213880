#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "layout/image_archive.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "medium/medium.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

/// Reads an archive that `ArchiveWriter` wrote, in place and read-only. Thread-safe.
class ArchiveReader : public ImageArchive {
 public:
  /// Checks oci-layout, index.json, the seal and the medium's length. Throws Error{Corrupt} naming member and offset,
  /// or Error{Hostile} if it is malformed or was written by a newer ociferry.
  explicit ArchiveReader(std::unique_ptr<Medium> medium);
  /// The same for the regular file at `path`. Also throws Error{Usage} if it is not a regular file, Error{Io}.
  explicit ArchiveReader(const std::filesystem::path& path);

  [[nodiscard]] const std::string& name() const override { return medium_->name(); }
  [[nodiscard]] ArchiveFormat format() const override { return ArchiveFormat::Sealed; }
  [[nodiscard]] const std::vector<ArchiveItem>& items() const override { return items_; }
  [[nodiscard]] std::uint64_t total_bytes() const override { return plan_.total_bytes; }
  [[nodiscard]] std::optional<std::uint64_t> size_of(const Digest& blob) const override;
  [[nodiscard]] const ArchiveReader* sealed() const noexcept override { return this; }
  [[nodiscard]] ArchiveReader* sealed() noexcept override { return this; }
  /// The digest of the seal, which identifies the archive.
  [[nodiscard]] Digest fingerprint() const;
  [[nodiscard]] const ArchivePlan& plan() const noexcept { return plan_; }
  /// The blobs, in the order of the file.
  [[nodiscard]] std::vector<Descriptor> blobs() const;

  /// What it leaves out, if it is a delta; else null.
  [[nodiscard]] const SealedDelta* delta() const noexcept { return plan_.delta ? &*plan_.delta : nullptr; }
  [[nodiscard]] bool leaves_out(const Digest& blob) const override { return left_out_.contains(blob); }
  /// The medium, if its bytes come once and in order; then neither its length nor its headers are known beforehand, and
  /// a StreamCheck takes their place. Null for others.
  [[nodiscard]] const StreamMedium* stream() const noexcept { return medium_->stream(); }

  /// True if volumes must still be inserted by the user: reading in order, by one thread, asks for each only once.
  [[nodiscard]] bool waits_for_volumes() const { return !medium_->is_at_hand(0, plan_.total_bytes); }

  /// Checks every tar header and the trailer, byte for byte, against the plan; reads nothing else. Headers
  /// in volumes that are not at hand are checked later, when their blob is opened. Throws Error{Corrupt}.
  void check_headers() const;
  /// The same, but gives every Error{Corrupt} and Error{Io} to `damage`, and goes on.
  void check_headers(const std::function<void(const Error&)>& damage) const;

  /// A part of a file: of the archive's own or of a volume.
  struct Extent {
    std::string file;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
  };
  /// Where the content of a blob lies. Throws Error{NotFound} if the archive lacks it.
  [[nodiscard]] std::vector<Extent> extents_of(const Digest& blob) const;

  /// The archive that begins with the bytes of `beginning`, which may end anywhere behind the seal, or go on behind the
  /// archive; only its plan is to be used then. Throws as the constructor does.
  [[nodiscard]] static std::shared_ptr<ArchiveReader> begun_in(std::unique_ptr<Medium> beginning);
  /// The plan of the archive that begins with the bytes of `beginning`, which may end anywhere behind the seal. Throws
  /// as the constructor does.
  [[nodiscard]] static ArchivePlan plan_at(std::unique_ptr<Medium> beginning);

  [[nodiscard]] std::optional<RawManifest> manifest(const std::string& selector) override;
  /// The stream also checks the padding after the blob, and throws Error{Corrupt} if it is not zero.
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token stop) override;

  /// "<archive>: <member> at offset <N>"
  [[nodiscard]] std::string name_of(const Digest& blob) const override;

  /// The member that holds the blob. Throws Error{NotFound} if the archive lacks it.
  [[nodiscard]] const ArchiveMember& member(const Digest& digest) const;

 private:
  /// A file before the blobs, and where it was found.
  struct FoundFile {
    ArchiveMember member;
    std::string content;
  };

  enum class Length { Whole, Any };
  ArchiveReader(std::unique_ptr<Medium> medium, Length length);

  [[nodiscard]] FoundFile read_front_file(std::uint64_t position, std::string_view expected) const;
  [[nodiscard]] std::vector<FoundFile> read_front_files() const;
  [[nodiscard]] ReadSeal read_seal(const FoundFile& seal) const;
  [[nodiscard]] std::vector<FrontFile> check_front(std::vector<FoundFile> files, const FoundFile& seal,
                                                   const ReadSeal& says) const;
  [[nodiscard]] std::string read_header(const ArchiveMember& member) const;
  void read_front(Length length);
  void check_length() const;

  std::unique_ptr<Medium> medium_;
  ArchivePlan plan_;
  std::vector<ArchiveItem> items_;
  std::map<Digest, std::size_t> members_;
  std::set<Digest> left_out_;
  mutable std::atomic<bool> checks_late_ = false;  ///< check_headers() has left headers out
  std::map<Digest, std::string> media_types_;      ///< of the manifests that index.json lists
};

}  // namespace ociferry
