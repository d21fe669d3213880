#pragma once

#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include "cli/console.hpp"
#include "oci/json.hpp"
#include "ociferry/medium.hpp"

namespace ociferry {

/// --verify-medium, of commands that write archives.
void declare_verify_medium(Arguments& arguments);
/// Whether it was given. Throws Error{Usage} if `output` is standard output.
[[nodiscard]] bool verifies_medium(const Arguments& arguments, const std::string& output);

/// One line about what was read back; nothing if nothing was.
void print_medium(const std::optional<MediumReading>& reading, Console& console);
/// "medium": bytes, milliseconds, bytesPerSecond, pastCache.
void add_medium_member(Json::Object& members, const std::optional<MediumReading>& reading);

}  // namespace ociferry
