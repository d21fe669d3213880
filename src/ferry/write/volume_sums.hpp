#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "medium/medium.hpp"
#include "medium/volumes/running_sums.hpp"
#include "medium/volumes/volume_list.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Fills the digests of `list`. Reads what of `archive` is not hashed in `begun`, several volumes at a time; all of it
/// if that is empty.
void sum_volumes(const Medium& archive, VolumeList& list, std::vector<RunningSums::Begun> begun,
                 const Context& context);

/// Writes SHA256SUMS for what lies in `directory`: the volumes `here` and the list. Lines of other files are kept, but
/// for other volumes of `output`, "OUT". Then writes the list, `json`, which makes the set complete. Throws Error{Io},
/// Error{Space}.
void write_volume_sums(const std::filesystem::path& directory, const std::vector<VolumeEntry>& here,
                       const std::string& output, std::string_view json);

/// True if there is room for that in `directory`. A full one, into which no volume went, has no list then.
[[nodiscard]] bool has_room_for_list(const std::filesystem::path& directory, std::string_view json);

/// Throws Error{Usage} if SHA256SUMS in `directory` is no text that lines could be added to, unless `force`.
void check_sums_file(const std::filesystem::path& directory, bool force);
/// True if SHA256SUMS in `directory` has a line of `file`. Throws Error{Io}.
[[nodiscard]] bool has_sum(const std::filesystem::path& directory, const std::string& file);

}  // namespace ociferry
