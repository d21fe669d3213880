#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "ociferry/volumes.hpp"

namespace ociferry {

/// `given`, and all directories in which `paths` are: volumes may lie beside any of the archives.
[[nodiscard]] VolumeSearch search_beside(const std::vector<std::filesystem::path>& paths, const VolumeSearch& given);

/// How several archives are searched: as by search_beside() if volumes of a set that several of `paths` name are spread
/// over directories; as `given` if one of that name is whole without that, or if a volume of it lies in two
/// directories: these hold copies, or other sets of that name, and each must be whole by itself.
[[nodiscard]] VolumeSearch search_among(const std::vector<std::filesystem::path>& paths, const VolumeSearch& given);

/// `paths` without those that name a set of volumes that an earlier one names, too, as OUT.0* does, also one that is
/// not whole. What is wrong with them shows when they are opened.
[[nodiscard]] std::vector<std::filesystem::path> each_set_once(const std::vector<std::filesystem::path>& paths,
                                                               const VolumeSearch& search);

/// The first of `paths` that names another set than the first one does, or something else. nullopt also if of none can
/// be told what it names: that shows when the first one is opened.
[[nodiscard]] std::optional<std::filesystem::path> first_of_another_set(const std::vector<std::filesystem::path>& paths,
                                                                        const VolumeSearch& search);

}  // namespace ociferry
