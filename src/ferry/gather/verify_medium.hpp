#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "layout/image_archive.hpp"
#include "medium/device_reader.hpp"
#include "medium/writable_medium.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Checks every byte of `archive`, which is read through `device`, and the whole graph; returns that. Continues after
/// damage, to report all of it: files and offsets of each blob, and what the wrong bytes resemble. Throws
/// Error{Corrupt}, or Error{Io} if the only damage is unreadable bytes; and as load_archive().
[[nodiscard]] ImageSet verify_medium(const std::shared_ptr<ImageArchive>& archive, const DeviceReader& device,
                                     const Context& context);

/// Checks `written`, which is complete, synced and not yet published, in the same way; `written` must be a sealed
/// archive. Throws Error that says so.
[[nodiscard]] MediumReading verify_written(const OutputMedium& written, const Context& context);

/// The same of an archive that has its name: a file, or volumes, the first one first.
[[nodiscard]] MediumReading verify_files(const std::vector<std::filesystem::path>& files, const Context& context);

/// What `device` has read. Warns if it has become slower; `name` is what the warning calls it.
[[nodiscard]] MediumReading reading_of(const DeviceReader& device, const std::string& name, Progress& progress);

}  // namespace ociferry
