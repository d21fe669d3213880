#include "cli/archive_form.hpp"

#include "cli/medium_option.hpp"
#include "cli/parity_options.hpp"
#include "cli/volume_options.hpp"

namespace ociferry {

void declare_written_form(Arguments& arguments) {
  declare_volume_size(arguments);
  declare_parity_percent(arguments);
  declare_verify_medium(arguments);
}

WrittenForm written_form_of(const Arguments& arguments, const std::string& output) {
  WrittenForm form{.output = output,
                   .volumes = volume_rule_of(arguments),
                   .verify_medium = verifies_medium(arguments, output),
                   .force = arguments.on("force")};
  form.parity = parity_of(arguments, output, form.volumes, form.force);
  return form;
}

void plan_form(ExportPlan& plan, const WrittenForm& form) {
  if (form.parity) add_parity(plan, *form.parity);
}

std::optional<ProtectReport> protect_written(const WrittenForm& form, const std::optional<Digest>& fingerprint,
                                             const Context& context) {
  if (!form.parity) return std::nullopt;
  return protect_export(form.output, form.volumes, fingerprint.value(), *form.parity, form.force, context);
}

void add_form_members(Json::Object& members, const WrittenParts& parts) {
  add_volume_members(members, parts.volumes);
  add_medium_member(members, parts.medium);
  if (parts.protection) members.emplace_back("parity", parity_members(*parts.protection));
}

void print_form(const WrittenForm& form, const WrittenParts& parts, Console& console) {
  print_volumes(parts.volumes, form.output, console);
  print_medium(parts.medium, console);
  if (parts.protection) print_parity(*parts.protection, console);
}

}  // namespace ociferry
