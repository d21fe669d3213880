#pragma once

#include <filesystem>
#include <set>

#include "layout/sealed/archive_plan.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// The blobs of `plan` that an interrupted run has left whole in the unfinished file of `archive`: none if that is of
/// another plan, or is not there. Reads and hashes their places, as the run that goes on from there does, and writes
/// nothing. Throws Error{Io}, Error{Interrupted}.
[[nodiscard]] std::set<Digest> blobs_left_of(const std::filesystem::path& archive, const ArchivePlan& plan,
                                             const Context& context);

}  // namespace ociferry
