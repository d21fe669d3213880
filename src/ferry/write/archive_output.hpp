#pragma once

#include <filesystem>
#include <string>

#include "ociferry/volumes.hpp"

namespace ociferry {

/// The file that is written for `path`: the target of a link, even if missing; else `path` itself. Throws Error{Usage}
/// for a loop of links.
[[nodiscard]] std::filesystem::path behind_links(const std::filesystem::path& path);

/// Throws Error{Usage} for names that no plain archive can have: those of compressed files.
void check_archive_name(const std::string& name);

/// Throws Error if `output` cannot be the name of an archive, or would replace a non-empty file that is not ours,
/// unless `force`; of `volumes` that is known only when they are planned. Call it before any other work.
void check_output(const std::filesystem::path& output, bool force, const VolumeRule& volumes = {});

}  // namespace ociferry
