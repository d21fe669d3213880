#include "ociferry/compact.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/archive_form.hpp"
#include "cli/command.hpp"
#include "cli/compact_options.hpp"
#include "cli/forecast_output.hpp"
#include "cli/medium_option.hpp"
#include "cli/parity_options.hpp"
#include "cli/plan_output.hpp"
#include "cli/stream_option.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"

namespace ociferry {

namespace {

void declare_compact(Arguments& arguments) {
  arguments.positional("ARCHIVE");
  arguments.text("output,o", "FILE", "The compact archive to write");
  arguments.require("output");
  declare_effort(arguments);
  declare_since(arguments);
  arguments.flag("force", "Replace a file of that name even if it is no archive");
  declare_written_form(arguments);
  declare_work_directory(arguments);
  declare_volume_search(arguments);
  declare_dry_run(arguments);
  declare_cores(arguments);
}

void run_compact(const Arguments& arguments, Context& context, Console& console) {
  context.volumes = volume_search_of(arguments, context.stop, console);
  const std::string output = arguments.text_of("output");
  const WrittenForm form = written_form_of(arguments, output);
  const CompactOptions options{.archive = arguments.positional_value(),
                               .output = output,
                               .effort = effort_of(arguments.text_of("effort")),
                               .since = paths_of(arguments, "since"),
                               .force = form.force,
                               .volumes = form.volumes,
                               .verify_medium = form.verify_medium,
                               .work_directory = arguments.text_of("work-dir")};
  const ForecastRule rule = forecast_rule_of(arguments, form.parity);
  if (const auto dry_run = dry_run_of(arguments)) {
    const CompactForecast forecast = forecast_compact(options, rule, context);
    console.finish_progress();
    console.document(
        {{"archive", options.output.string()}, {"dryRun", true}, {"compact", forecast_json(forecast, *dry_run)}});
    console.result("Dry run: nothing is written");
    return print_forecast(forecast, options.volumes, *dry_run, console);
  }
  const CompactReport report = compact_archive(options, context);
  const auto protection = protect_written(form, report.fingerprint, context);
  console.finish_progress();
  Json::Object members = compact_members(report, options.output.string());
  if (protection) members.emplace_back("parity", parity_members(*protection));
  console.document(std::move(members));
  print_compact(report, options.output.string(), console);
  if (protection) print_parity(*protection, console);
  console.result(fingerprint_line(report.fingerprint));
}

void declare_expand(Arguments& arguments) {
  arguments.positional("ARCHIVE");
  arguments.text("output,o", "FILE", "The plain archive to write; - for standard output");
  arguments.require("output");
  declare_bases(arguments);
  arguments.flag("force", "Replace a file of that name even if it is no archive");
  declare_volume_size(arguments);
  declare_volume_search(arguments);
  declare_verify_medium(arguments);
  declare_blocking_factor(arguments);
}

void run_expand(const Arguments& arguments, Context& context, Console& console) {
  context.volumes = volume_search_of(arguments, context.stop, console);
  const std::string output = arguments.text_of("output");
  const ExpandOptions options{.archive = arguments.positional_value(),
                              .output = output,
                              .volumes = volume_rule_of(arguments),
                              .bases = paths_of(arguments, "base"),
                              .force = arguments.on("force"),
                              .verify_medium = verifies_medium(arguments, output)};
  const auto stream = stream_of(arguments, output);
  if (stream && options.volumes.divides()) {
    throw Error(ErrorCode::Usage, "--volume-size needs a file to divide, and - is standard output");
  }
  const SplitReport report = stream ? expand_to_stream(options, *stream, context) : expand_archive(options, context);
  console.finish_progress();
  Json::Object members{{"archiveBytes", report.archive_bytes}, {"fingerprint", report.fingerprint.text()}};
  add_volume_members(members, report.volumes);
  add_medium_member(members, report.medium);
  console.document(std::move(members));
  console.result(fmt::format("Expanded {} to {}: {}", options.archive.string(), shown_archive(output),
                             text::human_bytes(report.archive_bytes)));
  print_volumes(report.volumes, output, console);
  print_medium(report.medium, console);
  console.result(fingerprint_line(report.fingerprint));
}

}  // namespace

const Command kCompactCommand{
    .name = "compact",
    .summary = "Make an archive smaller: layers unpacked, and each file once; needs no network",
    .usage = "ociferry compact ARCHIVE.tar -o FILE [options]",
    .examples =
        "  # About two thirds of the size; import and verify read it as it is\n"
        "  ociferry compact apps.tar -o /media/usb/apps.tar.zst\n"
        "  # An update, for a site that has the release before\n"
        "  ociferry compact apps-2.tar --since apps-1.tar -o /media/usb/update.zst\n",
    .common = CommonOptions::Jobs,
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_compact,
    .run = run_compact,
};

const Command kExpandCommand{
    .name = "expand",
    .summary = "Make the plain archive of a compact one, the same in each byte; needs no network",
    .usage = "ociferry expand ARCHIVE -o FILE [options]",
    .examples =
        "  # For tools that read OCI layouts\n"
        "  ociferry expand apps.tar.zst -o apps.tar\n",
    .common = CommonOptions::Jobs,
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_expand,
    .run = run_expand,
};

}  // namespace ociferry
