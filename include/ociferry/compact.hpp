#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ociferry/digest.hpp"
#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/medium.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/split.hpp"
#include "ociferry/streams.hpp"

/// Compact archives: what sealed archives hold, with layers unpacked and each file once, in one zstd file. `import`,
/// `verify`, `inspect` and `pull` read them like any other archive, in one pass.
namespace ociferry {

/// How much work compressing is.
enum class CompactEffort {
  Fast,   ///< as fast as the medium, on a few cores
  Small,  ///< smaller, in about three times the work; reading it takes no longer
};

/// `ociferry compact`
struct CompactOptions {
  std::filesystem::path archive = {};  ///< a sealed one, which may be divided
  std::filesystem::path output = {};
  CompactEffort effort = CompactEffort::Fast;
  /// Archives with seals that the receiver has, too. Their layers are left out, and what is in new ones is made of
  /// theirs: a changed file of the old one. Whoever reads the result needs them.
  std::vector<std::filesystem::path> since = {};
  bool force = false;          ///< see ExportOptions
  VolumeRule volumes = {};     ///< by a size only: what is in VolumeRule::directories is Error{Usage}
  bool verify_medium = false;  ///< see ExportOptions
  /// Where temporary files go: recipes, and what `since` have. If it is empty, beside the output.
  std::filesystem::path work_directory = {};
};
/// A blob in gzip that travels as it is.
struct BlobAsItIs {
  Digest blob;
  std::string why;
};
struct CompactReport {
  std::uint64_t archive_bytes = 0;  ///< of the plain archive
  std::uint64_t compact_bytes = 0;
  std::size_t layers_opened = 0;
  std::uint64_t unpacked_bytes = 0;  ///< of those layers
  std::uint64_t recipe_bytes = 0;    ///< of those layers
  std::uint64_t kept_bytes = 0;      ///< which a reader keeps in memory or in a temporary file
  std::size_t blobs_of_base = 0;     ///< that CompactOptions::since have, and are left out
  std::vector<BlobAsItIs> as_they_are = {};
  BlobSum in_zstd =
      {};              ///< blobs that were compressed with zstd: what made them cannot be done again, so none is opened
  Digest fingerprint;  ///< of the plain archive; see InspectReport
  std::vector<WrittenVolume> volumes = {};   ///< that were written; empty if it is one file
  std::optional<MediumReading> medium = {};  ///< with CompactOptions::verify_medium
};

/// Writes a compact archive, which gets its name when it is complete. Each layer that is opened was compressed again
/// from what is written, and gave the same digest. Reads the archive twice, and needs room for recipes: a few
/// thousandths of the archive. Throws Error{Usage} for an archive without a seal, or one that is compact.
OCIFERRY_EXPORT CompactReport compact_archive(const CompactOptions& options, const Context& context);

/// `ociferry export --compact`
struct CompactExportOptions {
  /// What goes into the archive; `archive`, `volumes`, `force` and `verify_medium` are of the compact one.
  ExportOptions plain = {};
  CompactEffort effort = CompactEffort::Fast;
  std::vector<std::filesystem::path> since = {};  ///< see CompactOptions
  /// Where the plain archive and temporary files go. If it is empty, beside the output.
  std::filesystem::path work_directory = {};
};
/// The result of export_compact().
struct CompactExport {
  TransferReport plain;  ///< of the plain archive
  CompactReport compact;
};
/// What `export_archive` would write, as a compact archive. The plain archive is written first, to "OUT.plain", and
/// removed at the end; what an interrupted run has left of it is gone on with.
OCIFERRY_EXPORT CompactExport export_compact(const CompactExportOptions& options, const Context& context);

/// `ociferry expand`
struct ExpandOptions {
  std::filesystem::path archive = {};  ///< a compact one
  std::filesystem::path output = {};
  VolumeRule volumes = {};
  std::vector<std::filesystem::path> bases = {};  ///< what it builds on
  bool force = false;                             ///< see ExportOptions
  bool verify_medium = false;                     ///< see ExportOptions
};

/// Writes the plain archive, the same in each byte as the one that was made compact. Every blob is proved by its
/// digest. Throws Error{Usage} if `archive` is no compact one.
OCIFERRY_EXPORT SplitReport expand_archive(const ExpandOptions& options, const Context& context);
/// The same as a stream; `options.output`, `volumes`, `force` and `verify_medium` are ignored. Whatever fails leaves
/// the receiver with an archive that is cut.
OCIFERRY_EXPORT SplitReport expand_to_stream(const ExpandOptions& options, const StreamOutput& to,
                                             const Context& context);

}  // namespace ociferry
