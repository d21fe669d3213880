#pragma once

#include "ferry/set/image_set.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// What is known of an export before the first byte is written.
[[nodiscard]] TransferReport begin_report(const ImageSet& set, const ArchivePlan& plan);

/// Throws Error{Usage} for an archive that no import would read.
void check_readable(const ArchivePlan& plan);

}  // namespace ociferry
