#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>

#include "medium/medium.hpp"
#include "ociferry/limits.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

/// True if `path` is a regular file that is compressed as a whole and of which open_image_archive() makes a temporary
/// file, in temp_directory_path(). False also if it cannot be read.
[[nodiscard]] bool needs_temporary_file(const std::filesystem::path& path) noexcept;

/// The content of `packed`, unpacked, if it is packed with gzip or zstd: a file without a name (TemporaryFile) that
/// messages call as they call `packed`. An archive is read by position, and a compressed file has none. Says so to
/// `progress` before it begins. What is not packed is returned as it is. Blocks for as long as unpacking takes.
/// Throws Error{Hostile} if it is packed by another program, Error{Space} if there is no room, Error{Corrupt} if it is
/// damaged, Error{Interrupted}.
[[nodiscard]] std::unique_ptr<Medium> unpack_archive(std::unique_ptr<Medium> packed, const UnpackLimits& limits,
                                                     Progress& progress, const std::stop_token& stop);

}  // namespace ociferry
