#pragma once

#include <optional>
#include <string>

#include "layout/image_archive.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "ociferry/delta.hpp"

namespace ociferry {

/// What a delta leaves out; nullopt for any other archive.
[[nodiscard]] std::optional<DeltaReport> delta_report(const ArchivePlan& plan);
[[nodiscard]] std::optional<DeltaReport> delta_report(const ImageArchive& archive);

/// "the archive with fingerprint ...", "the have-list sha256:... of REPOSITORY"
[[nodiscard]] std::string shown(const BuiltOn& base);

}  // namespace ociferry
