#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/console.hpp"
#include "oci/json.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

/// A size of volumes in bytes, of a word such as "3900M" or "fat32". Throws Error{Usage}.
[[nodiscard]] std::uint64_t volume_bytes_of(const std::string& word);

/// --volume-size, of commands that write archives.
void declare_volume_size(Arguments& arguments);
/// What --volume-size says. Throws Error{Usage}.
[[nodiscard]] VolumeRule volume_rule_of(const Arguments& arguments);

/// --volume-dir, of commands that read archives.
void declare_volume_search(Arguments& arguments);
/// What --volume-dir says and, if there is a terminal, a question for volumes that are not there.
[[nodiscard]] VolumeSearch volume_search_of(const Arguments& arguments, const std::stop_token& stop, Console& console);

/// The archive that all arguments name: volumes of one set, their list, or directories with some, which are added to
/// `search`. Throws Error{Usage} if they name several archives, or none is given.
[[nodiscard]] std::string one_set_of(const Arguments& arguments, VolumeSearch& search);

/// One line about the volumes; nothing if there are none.
void print_volumes(const std::vector<WrittenVolume>& volumes, const std::string& output, Console& console);
/// "volumes": of each its path, bytes and digest.
void add_volume_members(Json::Object& members, const std::vector<WrittenVolume>& volumes);

}  // namespace ociferry
