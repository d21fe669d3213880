#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "ferry/deliver/placement.hpp"
#include "ferry/set/image_set.hpp"

namespace ociferry {

/// The text of the lock file with the new places of images: a BundleLock if its one root is a
/// bundle, an ImagesLock in the order of the original references if there is no bundle. `asked` is the ImagesLock that
/// the user gave, whose order and annotations are kept. Throws Error{Usage} if there are bundles, but not one root.
[[nodiscard]] std::string relocated_lock(const PlacedSet& placed, const std::optional<ImagesLock>& asked);

/// Throws Error if no file can be written at `path`: call it before any other work.
void check_lock_path(const std::filesystem::path& path);

/// Writes a lock file as imgpkg does, with mode 0600 or that of the file that it replaces; whole or not at all, unless
/// `path` is a device or a pipe.
void write_lock_file(const std::filesystem::path& path, const std::string& yaml);

}  // namespace ociferry
