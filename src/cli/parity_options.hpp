#pragma once

#include <string>

#include "cli/command.hpp"
#include "ociferry/parity.hpp"

namespace ociferry {

/// --parity PERCENT.
void declare_parity_percent(Arguments& arguments);
/// Throws Error{Usage} unless it is "1%" to "100%".
[[nodiscard]] unsigned parity_percent_of(const Arguments& arguments);

/// The parity of what is written to `archive`; nullopt: none. Throws if it could not be written beside it.
[[nodiscard]] std::optional<ParityRule> parity_of(const Arguments& arguments, const std::filesystem::path& archive,
                                                  const VolumeRule& volumes, bool force);

/// --parity FILE: parity that lies elsewhere.
void declare_parity_file(Arguments& arguments);

void print_parity(const ProtectReport& report, Console& console);
[[nodiscard]] Json::Object parity_members(const ProtectReport& report);

/// What verify says of parity: a line if it is whole, else a warning.
void print_parity_state(const ParityState& state, Console& console);
[[nodiscard]] Json parity_state_json(const ParityState& state);

}  // namespace ociferry
