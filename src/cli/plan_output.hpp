#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include "cli/console.hpp"
#include "oci/json.hpp"
#include "ociferry/plan.hpp"

namespace ociferry {

/// The options of a dry run.
struct DryRun {
  std::optional<std::uint64_t> rate = {};  ///< in bytes a second, to work out how long it will take
};

/// Rounded up. `rate`: bytes a second.
[[nodiscard]] std::uint64_t seconds_for(std::uint64_t bytes, std::uint64_t rate);
/// "59 s", "2 min 03 s", "1 h 07 min"
[[nodiscard]] std::string duration(std::uint64_t seconds);

/// Declares --dry-run and --rate.
void declare_dry_run(Arguments& arguments);
/// nullopt if the command is to do its work. Throws Error{Usage} if only --rate is given, or that is malformed.
[[nodiscard]] std::optional<DryRun> dry_run_of(const Arguments& arguments);

/// The result of a dry run of import or copy: text, and the members for --json.
void print_plan(const ImportPlan& plan, const RelocateOptions& options, const DryRun& dry_run, Console& console);

/// The same for an export; `more` are further members.
void print_export_plan(const ExportPlan& plan, const std::string& archive, const DryRun& dry_run, Console& console,
                       Json::Object more = {});

}  // namespace ociferry
