#pragma once

#include <memory>

#include "ferry/set/image_set.hpp"
#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Reads the whole graph of a sealed archive (everything but the layers of plain images) and checks that it is
/// complete, that it holds nothing else, and that its locations images are right. Throws Error{Incomplete} or
/// Error{Corrupt}.
[[nodiscard]] ImageSet load_sealed_archive(const std::shared_ptr<ImageArchive>& archive, const Context& context);

}  // namespace ociferry
