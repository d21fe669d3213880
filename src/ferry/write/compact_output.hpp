#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "medium/device_reader.hpp"
#include "medium/medium.hpp"
#include "ociferry/compact.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/volumes.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// How hard zstd works.
[[nodiscard]] constexpr int zstd_level_of(CompactEffort effort) { return effort == CompactEffort::Fast ? 3 : 12; }

/// Throws Error if a compact archive cannot be written to `output`, divided as `volumes` says, or would replace what is
/// none of ours, unless `force`. Call it before any other work.
void check_compact_output(const std::filesystem::path& output, const VolumeRule& volumes, bool force);

/// Where temporary files of a compact archive go: in `given` or, if that is empty, beside `output`. Throws Error if
/// none can be made there.
[[nodiscard]] std::filesystem::path work_directory_of(const std::filesystem::path& given,
                                                      const std::filesystem::path& output);

/// A compact archive that is written, in one file or in volumes; its length shows at the end. Without `publish` nothing
/// is left.
class CompactOutput : public ByteSink {
 public:
  /// How many bytes were written.
  [[nodiscard]] virtual std::uint64_t written() const noexcept = 0;
  /// After the last byte: makes all of it durable. Throws Error{Space}, Error{Io}.
  virtual void sync() = 0;
  /// Opens what was written, and synced, for reading, or through `device`, if given, which must outlive the result, as
  /// the output must.
  [[nodiscard]] virtual std::unique_ptr<Medium> reopen(DeviceReader* device) const = 0;
  [[nodiscard]] std::unique_ptr<Medium> reopen() const { return reopen(nullptr); }
  /// Gives it its name. Throws Error{Space}, Error{Io}.
  virtual void publish() = 0;
  /// After `sync`: the file, or all volumes, by the names that they get.
  [[nodiscard]] virtual std::vector<WrittenVolume> files() const = 0;
  /// The same of volumes; empty if it is one file.
  [[nodiscard]] virtual std::vector<WrittenVolume> volumes() const { return {}; }
};

/// Checks as check_compact_output(). Throws Error{Busy} if another process writes it, Error{Io}.
[[nodiscard]] std::unique_ptr<CompactOutput> open_compact_output(const std::filesystem::path& output,
                                                                 const VolumeRule& volumes, bool force);

}  // namespace ociferry
