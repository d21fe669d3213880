#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/volumes.hpp"

/// Dry runs: what the functions of ferry.hpp would do, found out without writing anything, at a destination or on disk.
/// Errors and threads are as there.
namespace ociferry {

/// A number of blobs and their bytes together.
struct BlobSum {
  std::size_t count = 0;
  std::uint64_t bytes = 0;

  void add(std::uint64_t blob_bytes) noexcept {
    ++count;
    bytes += blob_bytes;
  }
};

/// What becomes of a tag at the destination.
struct TagChange {
  enum class Kind {
    New,
    Equal,   ///< points to the right digest already
    Moves,   ///< points to another digest; with RelocateOptions::keep_tags, planning throws as the transfer would
    Hidden,  ///< the destination denies access to it, so it may move
  };
  Kind kind = Kind::New;
  Reference tag;                    ///< by tag
  std::optional<Digest> from = {};  ///< where it points now; absent if New or Hidden
  Digest to;
};

/// What a transfer writes to one repository.
struct PlannedRepository {
  RepositoryName name = {};
  std::size_t images = 0;        ///< that belong there
  std::size_t images_there = 0;  ///< those of them that are there already
  BlobSum there = {};            ///< blobs that are there already
  BlobSum upload = {};           ///< blobs that nothing but an upload can put there
  /// Blobs that another repository of the registry has or may have. Each is mounted from there or, if the registry does
  /// not mount it, uploaded: only trying shows which.
  BlobSum mount_or_upload = {};
  std::size_t manifests = 0;      ///< manifests to be put: of images, indexes and locations images, and tags
  std::size_t locations = 0;      ///< locations images to be put
  BlobSum locations_upload = {};  ///< blobs of these, besides `upload`
  /// Manifests with a `subject` to be put. In a registry without the referrers API each is also added to a list, which
  /// is one more manifest.
  std::size_t attached = 0;
  /// The tags of the images and their attachments, and of the tags for internal use (`*.imgpkg`) those that move.
  std::vector<TagChange> tags = {};
};

/// An index of which only a part is transferred.
struct PartialIndex {
  Reference index;                 ///< by digest, as its lock file or the user names it
  std::vector<Descriptor> absent;  ///< what it lists and the source lacks, or is for other platforms, by digest
};

/// What import_archive or copy would do.
struct ImportPlan {
  std::size_t images = 0;  ///< this and the next: as in TransferReport
  std::size_t bundles = 0;
  std::size_t referrers = 0;
  std::vector<PlannedRepository> repositories = {};  ///< in the order of their names
  std::vector<PlacedImage> names = {};               ///< as in TransferReport
  std::vector<SkippedLayer> skipped = {};
  std::vector<PartialIndex> partial = {};    ///< a registry that refuses such an index gets its images instead
  std::vector<ReadArchive> archives = {};    ///< plan_import: as in TransferReport
  std::vector<StrippedIndex> stripped = {};  ///< as in TransferReport
};

/// `ociferry import --dry-run`, `ociferry copy --tar --dry-run`: sends no requests that write (POST, PUT, PATCH,
/// DELETE) and writes neither lock file nor mapping. Fails as import_archive would, but for what only writing shows.
/// Layers are read and checked only if `options.verify_first` is set.
[[nodiscard]] OCIFERRY_EXPORT ImportPlan plan_import(const ImportOptions& options, const Context& context);

/// `ociferry copy --dry-run` from registry to registry. Likewise; fetches no layers but those of bundles.
[[nodiscard]] OCIFERRY_EXPORT ImportPlan plan_copy(const CopyOptions& options, const Context& context);

/// A layer, and the images that have it.
struct PlannedLayer {
  Descriptor layer;
  std::vector<Reference> images = {};
};

/// What export_archive would do.
struct ExportPlan {
  std::size_t images = 0;  ///< this and the next: as in TransferReport
  std::size_t bundles = 0;
  std::size_t referrers = 0;
  BlobSum fresh = {};  ///< blobs of the archive, manifests included, that are not `there`
  /// Blobs that an existing archive of that name has, which are checked when they are used, and those that an
  /// unfinished one has whole, which are checked here.
  BlobSum there = {};
  BlobSum shared = {};  ///< blobs that several images have, each counted once
  std::uint64_t archive_bytes = 0;
  std::optional<Digest> fingerprint = {};          ///< as in TransferReport
  std::uint64_t free_bytes = 0;                    ///< where the archive goes; the largest int64_t if not known
  std::uint64_t partial_bytes = 0;                 ///< on disk, of an unfinished archive of that name, to be continued
  std::optional<std::uint64_t> largest_file = {};  ///< the largest file there, in bytes; absent: no known limit
  std::optional<std::string> lack_of_room = {};    ///< why the archive does not fit; absent: it does
  std::vector<PlannedLayer> largest = {};          ///< the ten largest layers, largest first
  std::vector<SkippedLayer> skipped = {};
  std::vector<PartialIndex> partial = {};
  std::vector<ReadArchive> archives = {};  ///< plan_conversion: as in TransferReport
  std::optional<DeltaReport> delta = {};   ///< as in TransferReport
  /// If the archive is divided; `free_bytes`, `partial_bytes` and `largest_file` are of the first one's directory then.
  std::vector<PlannedVolume> volumes = {};
  std::uint64_t parity_bytes = 0;  ///< of the parity beside it, if add_parity() was called
};

/// `ociferry export --dry-run`: fetches no layers but those of bundles, and makes no file. A lack of room is no error
/// here, but told. With `-` as the archive, what export_to_stream would do.
[[nodiscard]] OCIFERRY_EXPORT ExportPlan plan_export(const ExportOptions& options, const Context& context);

/// `ociferry copy --tar --to-tar --dry-run`: what convert_archive would do, or convert_to_stream for `-`. Likewise;
/// layers are not checked.
[[nodiscard]] OCIFERRY_EXPORT ExportPlan plan_conversion(const ConvertOptions& options, const Context& context);

}  // namespace ociferry
