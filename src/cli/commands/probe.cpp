#include "ociferry/probe.hpp"

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/limit_options.hpp"
#include "oci/given_reference.hpp"

namespace ociferry {

namespace {

void declare_probe(Arguments& arguments) {
  arguments.positional("REPO");
  arguments.text("largest-body", "SIZE", "Try request bodies up to this size (default: 32MiB)");
  arguments.flag("write", "Also try what must be stored to be tried: store some tiny objects, and delete them again");
}

Json::Object members_of(const ProbeReport& report) {
  Json::Array findings;
  for (const ProbeFinding& one : report.findings) {
    findings.emplace_back(Json::Object{
        {"name", one.name}, {"answer", to_string(one.answer)}, {"detail", one.detail}, {"meaning", one.meaning}});
  }
  return {{"repository", to_string(report.repository)},
          {"url", report.url},
          {"importWorks", !report.failure.has_value()},
          {"findings", std::move(findings)},
          {"leftBehind", Json::Array(report.left_behind.begin(), report.left_behind.end())}};
}

void run_probe(const Arguments& arguments, Context& context, Console& console) {
  ProbeOptions options{.repository = given_repository(arguments.positional_value())};
  if (const auto size = arguments.optional_text("largest-body")) options.largest_body = parse_size(*size);
  options.write = arguments.on("write");
  if (options.largest_body == 0) throw Error(ErrorCode::Usage, "--largest-body must be at least 1");
  const ProbeReport report = probe(options, context);
  console.finish_progress();
  console.document(members_of(report));
  Table table{.columns = {{"what", "What"}, {"answer", "Answer"}, {"detail", "Seen"}, {"meaning", "For an import"}}};
  for (const ProbeFinding& one : report.findings) {
    table.rows.push_back({one.what, std::string(to_string(one.answer)), one.detail, one.meaning});
  }
  console.table(table);
  const std::vector<std::string>& left = report.left_behind;
  if (!left.empty()) console.warn("left behind:" + text::listed(left, left.size()));
  if (report.failure) throw *report.failure;
  console.result("Found no obstacle to an import into " + to_string(report.repository));
}

}  // namespace

const Command kProbeCommand{
    .name = "probe",
    .summary = "Find out what a registry allows, before an import",
    .usage = "ociferry probe REPO [--largest-body SIZE] [--write] [options]",
    .examples =
        "  # See whether an import into this repository would work\n"
        "  ociferry probe registry.internal/team/app\n"
        "\n"
        "  # Try everything, media types and mounts, too: stores tiny objects, and deletes them\n"
        "  ociferry probe registry.internal/team/app --write\n",
    .common = CommonOptions::Registry,
    .in_imgpkg = false,
    .declare = declare_probe,
    .run = run_probe,
};

}  // namespace ociferry
