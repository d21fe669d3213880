#pragma once

#include <string>

#include "base/sandbox.hpp"
#include "cli/command.hpp"

namespace ociferry {

/// What `command`, called with `arguments`, needs of the system: the network if it has the options for registries and
/// does not work from archive to archive; to write where its options for outputs say.
[[nodiscard]] Rights rights_of(const Command& command, const Arguments& arguments);

/// Gives up all other rights, unless the environment has OCIFERRY_SANDBOX=off. Returns what was done, for --debug.
std::string confine(const Rights& rights);

/// What the rights of `command` are without any options, for people: "no network, no writing, no programs".
[[nodiscard]] std::string rights_text(const Command& command);

/// True if OCIFERRY_SANDBOX=off.
[[nodiscard]] bool is_sandbox_off();

}  // namespace ociferry
