#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "ferry/image_set.hpp"

namespace ociferry {

/// The text of the lock file that says where `set` is after it was put into `to`: a BundleLock if its one root is a
/// bundle, an ImagesLock if no root is one. `asked` is the ImagesLock that the user gave, whose order and annotations
/// are kept. Throws Error{Usage} if there are several roots and a bundle among them.
[[nodiscard]] std::string relocated_lock(const ImageSet& set, const RepositoryName& to,
                                         const std::optional<ImagesLock>& asked);

/// Writes a lock file as imgpkg does: whole or not at all, mode 0600.
void write_lock_file(const std::filesystem::path& path, const std::string& yaml);

}  // namespace ociferry
