#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ociferry/compact.hpp"
#include "ociferry/export.hpp"
#include "ociferry/plan.hpp"

/// Dry runs of what writes compact archives.
namespace ociferry {

/// A number that is not known exactly.
struct Between {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

/// What a compact archive would be.
struct CompactForecast {
  std::uint64_t archive_bytes = 0;  ///< of the plain archive
  /// True if the layers were unpacked and compressed again for it: then the sizes are right within a tenth, else they
  /// are what compact archives usually have.
  bool is_studied = false;
  Between compact_bytes = {};
  Between unpacked_bytes = {};  ///< of the layers that are unpacked
  BlobSum of_base = {};         ///< whole blobs that CompactOptions::since have, which are left out; exact
  /// The work of making it, without fetching and writing bytes, and of reading it, in seconds, with `cores` cores on
  /// each side, at the speeds in docs/performance.md.
  Between making_seconds = {};
  Between reading_seconds = {};
  std::size_t cores = 0;
  /// The free room that is needed in its directory, in bytes: for it, for temporary files, and for the plain archive if
  /// that is written there first, less what exists already.
  Between room_bytes = {};
  std::uint64_t free_bytes = 0;                  ///< where it goes; the largest int64_t if not known
  std::optional<std::string> lack_of_room = {};  ///< why it does not fit, or may not
};

/// What else a forecast is made for.
struct ForecastRule {
  std::size_t cores = 0;        ///< of the machines on both sides; 0: as many as this one has
  unsigned parity_percent = 0;  ///< of parity beside the archive; 0: none
};

/// `ociferry compact --dry-run`: what compact_archive() would do. Reads all of the archive twice and unpacks it, what
/// `since` holds into a temporary file, in `work_directory` or else TMPDIR; makes recipes of a part of large layers
/// only, and writes nothing. Throws as compact_archive().
[[nodiscard]] OCIFERRY_EXPORT CompactForecast forecast_compact(const CompactOptions& options, const ForecastRule& rule,
                                                               const Context& context);

/// The result of plan_export_compact().
struct CompactExportPlan {
  ExportPlan plain;  ///< of the plain archive, which is written first
  CompactForecast compact;
};
/// `ociferry export --compact --dry-run`: fetches no layers but those of bundles, so it tells sizes by what is known of
/// other archives, and exactly what whole blobs `since` have. Throws as export_compact().
[[nodiscard]] OCIFERRY_EXPORT CompactExportPlan plan_export_compact(const CompactExportOptions& options,
                                                                    const ForecastRule& rule, const Context& context);

}  // namespace ociferry
