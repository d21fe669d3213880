#pragma once

#include "cli/arguments.hpp"
#include "cli/console.hpp"
#include "cli/plan_output.hpp"
#include "oci/json.hpp"
#include "ociferry/compact_forecast.hpp"
#include "ociferry/parity.hpp"

namespace ociferry {

/// --cores, which goes with --dry-run.
void declare_cores(Arguments& arguments);
/// What --cores says. Throws Error{Usage} without --dry-run. `parity`: what is written beside the archive.
[[nodiscard]] ForecastRule forecast_rule_of(const Arguments& arguments, const std::optional<ParityRule>& parity);

/// What a compact archive would be. `volumes`: how it is divided.
void print_forecast(const CompactForecast& forecast, const VolumeRule& volumes, const DryRun& dry_run,
                    Console& console);
/// The same for --json.
[[nodiscard]] Json forecast_json(const CompactForecast& forecast, const DryRun& dry_run);

}  // namespace ociferry
