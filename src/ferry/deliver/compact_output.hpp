#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

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

/// A compact archive that is written, in one file or in volumes; its length shows at the end. Without `publish` nothing
/// is left.
class CompactOutput : public ByteSink {
 public:
  /// How many bytes were written.
  [[nodiscard]] virtual std::uint64_t written() const noexcept = 0;
  /// After the last byte: makes all of it durable. Throws Error{Space}, Error{Io}.
  virtual void sync() = 0;
  /// Opens what was written, and synced, for reading. The output must outlive it.
  [[nodiscard]] virtual std::unique_ptr<Medium> reopen() const = 0;
  /// Gives it its name. Throws Error{Space}, Error{Io}.
  virtual void publish() = 0;
  /// After `sync`; empty if it is one file.
  [[nodiscard]] virtual std::vector<WrittenVolume> volumes() const { return {}; }
};

/// Checks as check_compact_output(). Throws Error{Busy} if another process writes it, Error{Io}.
[[nodiscard]] std::unique_ptr<CompactOutput> open_compact_output(const std::filesystem::path& output,
                                                                 const VolumeRule& volumes, bool force);

}  // namespace ociferry
