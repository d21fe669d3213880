#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>

#include "layout/image_archive.hpp"
#include "ociferry/limits.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

class DeviceReader;
class Medium;

/// How the content of a compact archive will be read.
enum class Reading {
  ByPosition,  ///< in any order: it is expanded to a temporary file, as far as is needed
  InOrder,     ///< once, from the beginning: its medium is a stream then
};

/// Opens an archive of any ArchiveFormat, at the top or in the only folder with images. Without a seal, reads and
/// checks the table of contents, but no layers, except compressed ones of docker-save archives. A file that is
/// compressed as a whole with gzip or zstd is unpacked to a temporary file first. ImageArchive::notes() are reported as
/// warnings. A volume, the list of volumes and a directory with either stand for the archive that all of them make;
/// `volumes` says where the others are. Throws Error{Corrupt}, Error{Hostile} or Error{Incomplete} naming the member,
/// or Error{Usage} if `path` is neither a regular file nor a directory. With `device`, which must outlive the archive,
/// its files are read through that; then a directory or a stream is Error{Usage}, too.
[[nodiscard]] std::shared_ptr<ImageArchive> open_image_archive(
    const std::filesystem::path& path, const UnpackLimits& limits = {}, Progress& progress = silent_progress(),
    const std::stop_token& stop = {}, const VolumeSearch& volumes = {}, DeviceReader* device = nullptr,
    Reading reading = Reading::ByPosition);

/// The same of a compact archive in `medium`. Throws Error{Corrupt} or Error{Hostile}.
[[nodiscard]] std::shared_ptr<ImageArchive> open_compact_archive(std::unique_ptr<Medium> medium,
                                                                 const UnpackLimits& limits, Reading reading,
                                                                 const std::stop_token& stop);

/// True if the regular file at `path` begins like a sealed archive of any version or a compact one, even if the rest is
/// damaged. Throws
/// Error{Io}.
[[nodiscard]] bool is_own_archive(const std::filesystem::path& path);

}  // namespace ociferry
