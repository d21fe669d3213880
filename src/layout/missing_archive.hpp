#pragma once

#include <filesystem>
#include <string>

namespace ociferry {

/// The hint for an archive `path` that does not exist: the names of archives beside it, or that the directory or the
/// medium is missing. Reads the directory; does not throw if that fails.
[[nodiscard]] std::string hint_for_missing_archive(const std::filesystem::path& path);

}  // namespace ociferry
