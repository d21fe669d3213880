#pragma once

#include <memory>

#include "layout/archive_reader.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Reads every blob and its padding and checks the digests, on `context.jobs` threads. Throws Error{Corrupt} that
/// lists all that is damaged.
void verify_blobs(const std::shared_ptr<ArchiveReader>& archive, const Context& context);

}  // namespace ociferry
