#pragma once

#include <string>

#include "base/sandbox.hpp"
#include "cli/command.hpp"

namespace ociferry {

/// The privileges that `command` needs with `arguments`: network if it has registry options and does not convert an
/// archive; writing to the outputs that its options name.
[[nodiscard]] Rights rights_of(const Command& command, const Arguments& arguments);

/// Drops all other privileges, unless the environment has OCIFERRY_SANDBOX=off. Returns a description for --debug.
std::string confine(const Rights& rights);

/// Describes the privileges of `command` without options: "no network, no writing, no programs".
[[nodiscard]] std::string rights_text(const Command& command);

/// True if OCIFERRY_SANDBOX=off.
[[nodiscard]] bool is_sandbox_off();

}  // namespace ociferry
