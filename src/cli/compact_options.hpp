#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/console.hpp"
#include "oci/json.hpp"
#include "ociferry/compact.hpp"

namespace ociferry {

/// --effort, of `compact`.
void declare_effort(Arguments& arguments);
/// "fast", which an empty word is too, or "small". Throws Error{Usage} for another word.
[[nodiscard]] CompactEffort effort_of(const std::string& word);

/// --since, of commands that write compact archives.
void declare_since(Arguments& arguments);
/// --work-dir, of the same.
void declare_work_directory(Arguments& arguments);
/// --base, of commands that read them.
void declare_bases(Arguments& arguments);
/// The values of `option`, which are files.
[[nodiscard]] std::vector<std::filesystem::path> paths_of(const Arguments& arguments, const std::string& option);

/// How small an archive became, and how; not its fingerprint.
void print_compact(const CompactReport& report, const std::string& output, Console& console);
/// The same for --json.
[[nodiscard]] Json::Object compact_members(const CompactReport& report, const std::string& output);

/// One line about how an archive is stored; nothing unless it is compact.
void print_storage(const std::optional<CompactStorage>& storage, Console& console);
/// "compact": storedBytes, keptBytes, memoryBytes.
void add_storage_member(Json::Object& members, const std::optional<CompactStorage>& storage);

}  // namespace ociferry
