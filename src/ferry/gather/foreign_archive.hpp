#pragma once

#include <memory>

#include "ferry/set/image_set.hpp"
#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Reads the graph of an archive that another tool wrote, derives the roles of images, and checks that nothing is
/// missing: see `load_archive`. Throws Error{Incomplete} or Error{Corrupt}.
[[nodiscard]] ImageSet load_foreign_archive(const std::shared_ptr<ImageArchive>& archive, const Context& context);

}  // namespace ociferry
