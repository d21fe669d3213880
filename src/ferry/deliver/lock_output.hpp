#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "ferry/deliver/placement.hpp"
#include "ferry/set/image_set.hpp"

namespace ociferry {

/// The text of the lock file with the new places of images: a BundleLock if the only root is a bundle; an ImagesLock,
/// ordered by the original references, if there are no bundles. If the user gave an ImagesLock, `given`, its order and
/// annotations are kept. Throws Error{Usage} if there are bundles, but not exactly one root.
[[nodiscard]] std::string relocated_lock(const PlacedSet& placed, const std::optional<ImagesLock>& given);

/// Throws Error if no file can be written at `path`: call it before any other work.
void check_lock_path(const std::filesystem::path& path);

/// Writes a lock file as imgpkg does, with mode 0600 or that of the file that it replaces; whole or not at all, unless
/// `path` is a device or a pipe.
void write_lock_file(const std::filesystem::path& path, const std::string& yaml);

}  // namespace ociferry
