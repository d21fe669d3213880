#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace ociferry::testing {

/// Where others look: tags and what they point to, files and what is in them.
using Visible = std::map<std::string, std::string>;

/// Adds all that is below `directory`. Permissions and links count too.
void add_tree(const std::filesystem::path& directory, Visible& visible);

/// Adds the set of volumes `output`. It is what its list names, and is there when the list is.
void add_volumes(const std::filesystem::path& directory, const std::string& output, Visible& visible);

/// A line for each name.
[[nodiscard]] std::string describe(const Visible& visible);

}  // namespace ociferry::testing
