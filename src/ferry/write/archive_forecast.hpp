#pragma once

#include <filesystem>

#include "ferry/set/image_set.hpp"
#include "ferry/write/write_archive.hpp"
#include "ociferry/plan.hpp"

namespace ociferry {

/// The name of an output that is no file.
inline constexpr const char* kStreamName = "-";

/// What `write_archive` would write; reads an existing archive's table and what an interrupted run has left,
/// and writes nothing. Of unfinished volumes only the room that they take is told. Throws Error.
[[nodiscard]] ExportPlan plan_archive_of(const ImageSet& set, const std::filesystem::path& output,
                                         const Context& context, const ArchiveForm& form = {});

}  // namespace ociferry
