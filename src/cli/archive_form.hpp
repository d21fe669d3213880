#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/console.hpp"
#include "oci/json.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/parity.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

/// How a command writes an archive: into one file or volumes, with parity or without.
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
/// Writes the parity beside the archive, if it shall have some; `fingerprint` is that of the archive, known then.
[[nodiscard]] std::optional<ProtectReport> protect_written(const WrittenForm& form,
                                                           const std::optional<Digest>& fingerprint,
                                                           const Context& context);

/// What was written in that form.
struct WrittenParts {
  const std::vector<WrittenVolume>& volumes;
  const std::optional<MediumReading>& medium;
  const std::optional<ProtectReport>& protection;
};

/// The volumes, the result of reading back, and the parity: members for --json, and lines.
void add_form_members(Json::Object& members, const WrittenParts& parts);
void print_form(const WrittenForm& form, const WrittenParts& parts, Console& console);

}  // namespace ociferry
