#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ociferry/digest.hpp"

/// Archives that are divided into volumes, several files that make the archive when put behind one another:
/// docs/archive-format.md.
namespace ociferry {

/// How an archive is divided. By default it is not.
struct VolumeRule {
  /// The size of every volume but the last, in bytes; rounded down to whole tar blocks (512). 0: not divided.
  std::uint64_t bytes = 0;
  /// Instead of `bytes`: fill what is free in these directories, one after the other, with volumes as large as the file
  /// systems take them. The output is a name without a directory then.
  std::vector<std::filesystem::path> directories = {};
  /// With `directories`: leave room for parity of this percentage of the archive, which protect_export() writes. Not of
  /// a compact archive, whose size is not known before its end: its parity has what room is left.
  unsigned parity_percent = 0;
  /// With `directories`: bytes to leave free in each of them, for what is put beside the volumes.
  std::uint64_t kept_bytes = 0;

  [[nodiscard]] bool divides() const noexcept { return bytes > 0 || !directories.empty(); }
};

/// A volume that is to be written.
struct PlannedVolume {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
};

/// A volume that was written.
struct WrittenVolume {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  Digest digest;  ///< as `sha256sum` computes it
};

/// A volume that is needed now and is in none of the directories.
struct WantedVolume {
  std::size_t number = 0;  ///< from 1 on
  std::size_t count = 0;
  std::string name = {};  ///< that it was written with
  std::uint64_t bytes = 0;
  std::string problem = {};  ///< why what is there is not it; empty if nothing is there
};

/// Where the volumes of archives are read.
struct VolumeSearch {
  /// Searched besides the directory of the file that was named.
  std::vector<std::filesystem::path> directories = {};
  /// Asks for a volume, and returns when it may be there: then the directories are searched again. False: it will not
  /// come. Called by one thread at a time. Without it, all volumes must be there from the beginning.
  std::function<bool(const WantedVolume&)> ask = {};
};

}  // namespace ociferry
