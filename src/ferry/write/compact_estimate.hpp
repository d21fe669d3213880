#pragma once

#include <cstdint>
#include <filesystem>

#include "ociferry/compact_forecast.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

/// Blobs of an archive, by what becomes of them in a compact one. In bytes.
struct CompactParts {
  std::uint64_t gzip_bytes = 0;   ///< layers in gzip that are unpacked
  std::uint64_t tar_bytes = 0;    ///< layers that are not compressed
  std::uint64_t other_bytes = 0;  ///< what travels as it is
  bool has_base = false;          ///< layers may be made of what an older archive has
};

/// Sizes by what is known of other archives: CompactForecast::compact_bytes and unpacked_bytes.
void estimate_sizes(CompactForecast& forecast, const CompactParts& parts, CompactEffort effort);

/// CompactForecast::making_seconds and reading_seconds, of the bytes that are unpacked. `cores`: 0 for those of this
/// machine.
void estimate_times(CompactForecast& forecast, CompactEffort effort, std::size_t cores);

/// What is written beside a compact archive and removed at its end.
struct WorkFiles {
  std::filesystem::path directory;
  Between bytes = {};
};

/// CompactForecast::room_bytes, free_bytes and lack_of_room, where `output` goes with its parity, or in all directories
/// that `volumes` fill, and `work` if that is on one of their file systems; unless that is the only one, lack_of_room
/// is of either. Throws Error{Io}.
void estimate_room(CompactForecast& forecast, const std::filesystem::path& output, const VolumeRule& volumes,
                   unsigned parity_percent, const WorkFiles& work);

}  // namespace ociferry
