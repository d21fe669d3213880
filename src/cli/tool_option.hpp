#pragma once

#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include "cli/console.hpp"
#include "oci/json.hpp"
#include "ociferry/carried_tool.hpp"

namespace ociferry {

/// --with-tool and --sum-archive.
void declare_tool(Arguments& arguments);

/// The files that --with-tool requests beside `archive`; nullopt if it is not given. Throws Error{Usage} if this
/// program is asked to copy itself and cannot.
[[nodiscard]] std::optional<CarriedToolOptions> tool_of(const Arguments& arguments, const std::string& archive);

/// One line about the files, and a warning if SHA256SUMS names others that are not there.
void print_tool(const CarriedToolReport& report, Console& console);
/// Adds their members to the output of --json.
void add_tool_members(Json::Object& members, const CarriedToolReport& report);

}  // namespace ociferry
