#pragma once

#include <memory>

#include "ferry/set/image_set.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Reads a sealed archive's whole graph (everything but the layers of plain images) and checks that it is complete,
/// that it holds nothing else, and that its locations images are right. Throws Error{Incomplete} or Error{Corrupt}.
[[nodiscard]] ImageSet load_sealed_archive(const std::shared_ptr<ArchiveReader>& archive, const Context& context);

}  // namespace ociferry
