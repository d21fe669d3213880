#pragma once

#include <optional>
#include <vector>

#include "ociferry/error.hpp"
#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// What came of one destination of an import to several ones.
struct DestinationReport {
  TransferReport report;              ///< of what was done, also before a failure
  std::optional<Error> failure = {};  ///< empty: the destination has everything
};

/// `ociferry import` and `copy --tar` with several destinations, in one pass over the archive: each blob is read once.
/// `options.relocate` is ignored; each of `destinations` counts for itself. One that fails does not stop the others.
/// Returns a report for each destination, in their order. Throws Error if the archive cannot be read, Error{Usage},
/// also for destinations with an output (a lock file, a mapping, a file for another program) or a destination that is
/// there twice, before anything is written, and Error{Interrupted}. Blocks.
[[nodiscard]] OCIFERRY_EXPORT std::vector<DestinationReport> import_archive_to_all(
    const ImportOptions& options, const std::vector<RelocateOptions>& destinations, const Context& context);

}  // namespace ociferry
