#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "ferry/gather/reading_order.hpp"
#include "ferry/set/baseline.hpp"
#include "ferry/set/image_set.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "medium/writable_medium.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

/// What of a set an archive holds.
struct ArchiveForm {
  Baseline baseline = {};               ///< what is left out
  std::optional<Digest> promised = {};  ///< the fingerprint that it must have
  VolumeRule volumes = {};              ///< whether it is divided
  bool force = false;                   ///< replace volumes that are none of ours
  bool verify_medium = false;           ///< see ExportOptions
  ReadingOrder order = {};              ///< of archives that the blobs come from
};

/// Writes `set` to a sealed archive, which gets its name when it is complete. Throws Error; then the partial file is
/// kept for the next run. Frees the set before reading the archive back, which needs as much memory again. Blocks on
/// the sources of the set's blobs.
TransferReport write_archive(ImageSet set, const std::filesystem::path& output, const Context& context,
                             const ArchiveForm& form = {});

/// Adds to a failure what the user has, and what to do, where `archive`, or the first of its volumes, was to be written
/// with `bytes` bytes in all.
void explain_end_of_writing(Error& error, const std::filesystem::path& archive, std::uint64_t bytes);

/// What to throw if `error` ended reading back what was written: it says that the medium is damaged. A full disk and
/// an interruption stay what they are.
[[nodiscard]] Error failure_of_reading_back(const Error& error, const OutputMedium& written);

/// Throws Error{Corrupt} if the archive of `plan` has another fingerprint than `promised`.
void check_promise(const ArchivePlan& plan, const std::optional<Digest>& promised);

/// The existing sealed archive at `path`; null if it is another file or its beginning is damaged.
[[nodiscard]] std::shared_ptr<ArchiveReader> open_existing(const std::filesystem::path& path, Progress& progress);

}  // namespace ociferry
