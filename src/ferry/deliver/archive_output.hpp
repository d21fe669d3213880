#pragma once

#include <filesystem>

namespace ociferry {

/// What is written as `path`: what it leads to if it is a link, be that there already or not; else itself. Throws
/// Error{Usage} for links that lead in circles.
[[nodiscard]] std::filesystem::path behind_links(const std::filesystem::path& path);

/// Throws Error if `output` cannot be the name of an archive, or would replace a file that is none of ours and not
/// empty, unless `force`: to be asked before anything is done for it.
void check_output(const std::filesystem::path& output, bool force);

}  // namespace ociferry
