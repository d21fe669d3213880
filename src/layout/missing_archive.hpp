#pragma once

#include <filesystem>
#include <string>

namespace ociferry {

/// The next step for whoever gave `path` as an archive where nothing is: the archives beside it, by their names, or
/// what else may be missing. Reads the directory; throws nothing for one that cannot be read.
[[nodiscard]] std::string hint_for_missing_archive(const std::filesystem::path& path);

}  // namespace ociferry
