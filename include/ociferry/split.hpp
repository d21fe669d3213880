#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "ociferry/digest.hpp"
#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

/// `ociferry split`
struct SplitOptions {
  std::filesystem::path archive = {};  ///< a sealed one; may be divided already
  std::filesystem::path output = {};   ///< OUT of OUT.001
  VolumeRule volumes = {};
  bool force = false;          ///< see ExportOptions
  bool verify_medium = false;  ///< see ExportOptions
  /// Divides the compact archive itself instead of the plain archive that it expands to. Has no effect on other
  /// archives.
  bool as_it_is = false;
};
/// `ociferry join`
struct JoinOptions {
  std::filesystem::path volumes = {};  ///< a volume, OUT.volumes.json, or a directory; see Context::volumes
  std::filesystem::path output = {};
  bool force = false;  ///< see ExportOptions
};
struct SplitReport {
  std::uint64_t archive_bytes = 0;           ///< of all that was written
  Digest fingerprint;                        ///< as in InspectReport
  std::vector<WrittenVolume> volumes = {};   ///< that were written; none by join
  std::optional<MediumReading> medium = {};  ///< split: with SplitOptions::verify_medium
};

/// Divides an archive. The volumes get their names when all are written; what an interrupted run has left is gone on
/// with. Checks headers and the seal; every blob is proved by its digest while it is copied. Throws Error{Usage} for an
/// archive without a seal.
OCIFERRY_EXPORT SplitReport split_archive(const SplitOptions& options, const Context& context);

/// Makes one file of volumes, the same in each byte as the one that was divided, which is a compact archive if that was
/// one. Likewise.
OCIFERRY_EXPORT SplitReport join_archive(const JoinOptions& options, const Context& context);

}  // namespace ociferry
