#pragma once

#include <map>
#include <optional>
#include <string>

namespace ociferry {

/// Environment variables as a value; tests pass their own.
using Environment = std::map<std::string, std::string>;

/// A copy of the process's environment.
[[nodiscard]] Environment current_environment();
/// The variable's value, or nullopt if it is not set or empty.
[[nodiscard]] std::optional<std::string> lookup(const Environment& environment, const std::string& name);

}  // namespace ociferry
