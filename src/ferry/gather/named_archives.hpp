#pragma once

#include <filesystem>
#include <vector>

#include "ociferry/volumes.hpp"

namespace ociferry {

/// `given`, and all directories in which `paths` are: volumes may lie beside any of the archives.
[[nodiscard]] VolumeSearch search_beside(const std::vector<std::filesystem::path>& paths, const VolumeSearch& given);

/// `paths` without those that name a set of volumes that an earlier one names, too, as OUT.0* does. What else may be
/// wrong with them shows when they are opened.
[[nodiscard]] std::vector<std::filesystem::path> each_set_once(const std::vector<std::filesystem::path>& paths,
                                                               const VolumeSearch& search);

}  // namespace ociferry
