#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>

#include "medium/medium.hpp"
#include "ociferry/limits.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

/// True if `path` is a regular file that is compressed as a whole, which open_image_archive() unpacks to a temporary
/// file in temp_directory_path(), or a stream, of which it may keep something there. False also if it cannot be read.
[[nodiscard]] bool needs_temporary_file(const std::filesystem::path& path) noexcept;

/// Where temporary files go: TMPDIR. Throws Error{Io} if there is no such directory.
[[nodiscard]] std::filesystem::path temporary_directory();

/// Unpacks `packed` to a temporary file without a name (TemporaryFile) if it is compressed with gzip or zstd, since an
/// archive needs random access; else returns it unchanged. The result keeps the name of `packed`. Warns through
/// `progress` first. Blocks while unpacking. Throws Error{Hostile} if it is compressed with another program,
/// Error{Space} if there is no room, Error{Corrupt} if it is damaged, Error{Interrupted}.
[[nodiscard]] std::unique_ptr<Medium> unpack_archive(std::unique_ptr<Medium> packed, const UnpackLimits& limits,
                                                     Progress& progress, const std::stop_token& stop);

/// Throws Error{Hostile} if what comes as a stream is packed as a whole.
void check_is_no_packing(const Medium& stream);

}  // namespace ociferry
