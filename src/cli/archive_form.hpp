#pragma once

#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include "cli/console.hpp"
#include "oci/json.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/parity.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

/// How a command writes an archive that it makes of others.
struct WrittenForm {
  std::string output;
  VolumeRule volumes = {};
  bool verify_medium = false;
  std::optional<ParityRule> parity = {};
  bool force = false;
};

/// Declares --volume-size, --parity and --verify-medium.
void declare_written_form(Arguments& arguments);
/// Throws Error if the output cannot be written like that.
[[nodiscard]] WrittenForm written_form_of(const Arguments& arguments, const std::string& output);

/// Lets the plan tell the size of the parity, too.
void plan_form(ExportPlan& plan, const WrittenForm& form);
/// Writes the parity beside the archive, if it shall have some.
[[nodiscard]] std::optional<ProtectReport> protect_written(const WrittenForm& form, const TransferReport& report,
                                                           const Context& context);
/// The volumes, what reading back has shown, and the parity: members for --json, and lines.
void add_form_members(Json::Object& members, const TransferReport& report,
                      const std::optional<ProtectReport>& protection);
void print_form(const WrittenForm& form, const TransferReport& report, const std::optional<ProtectReport>& protection,
                Console& console);

}  // namespace ociferry
