#pragma once

#include <filesystem>

namespace ociferry {

/// The file that is written for `path`: the target if it is a link, even a missing one; else itself. Throws
/// Error{Usage} for links that lead in circles.
[[nodiscard]] std::filesystem::path behind_links(const std::filesystem::path& path);

/// Throws Error if `output` cannot be the name of an archive, or would replace a file that is none of ours and not
/// empty, unless `force`. Call it before any other work.
void check_output(const std::filesystem::path& output, bool force);

}  // namespace ociferry
