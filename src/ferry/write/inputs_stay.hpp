#pragma once

#include <filesystem>
#include <vector>

#include "ociferry/volumes.hpp"

namespace ociferry {

/// The archives that a command reads, as they are named on the command line.
struct ReadArchives {
  std::vector<std::filesystem::path> copied = {};  ///< of which all is in what is written
  std::vector<std::filesystem::path> bases = {};   ///< that are needed beside what is written
};

/// Throws Error{Usage} if something that is read would be removed, emptied or replaced by the archive `output`, by its
/// unfinished files too, whatever name or link it is read by. One file may take the place of another that is copied,
/// since it does so in one step when it is complete. Volumes may not: the older ones are removed before the new ones
/// have their names, so after a failure there would be nothing to read. Call it before any other work.
void check_inputs_stay(const ReadArchives& read, const std::filesystem::path& output, const VolumeRule& volumes,
                       const VolumeSearch& search);

/// The same for any other file, or a directory with all that is in it, which is replaced. Of `read`, nothing may be.
void check_not_read(const ReadArchives& read, const std::filesystem::path& replaced, const VolumeSearch& search);

}  // namespace ociferry
