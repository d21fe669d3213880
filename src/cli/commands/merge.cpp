#include "cli/archive_form.hpp"
#include "cli/command.hpp"
#include "cli/plan_output.hpp"
#include "cli/selection_options.hpp"
#include "cli/stream_option.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "ferry/write/archive_output.hpp"

namespace ociferry {

namespace {

void declare_merge(Arguments& arguments) {
  arguments.positional("ARCHIVE", true);
  arguments.repeated("base", "FILE",
                     "Archive with the layers that a delta leaves out; of it nothing else is taken (can be repeated)");
  arguments.text("output,o", "FILE",
                 "The archive to write; it may be one of those that are read; - is standard output");
  arguments.require("output");
  arguments.flag("force", "Replace a file of that name even if it is not an archive");
  declare_patterns(arguments);
  declare_platform(arguments);
  arguments.flag("include-non-distributable-layers", "Fail if an archive lacks layers that may not be redistributed");
  declare_written_form(arguments);
  declare_volume_search(arguments);
  declare_blocking_factor(arguments);
  declare_dry_run(arguments);
}

void run_merge(const Arguments& arguments, Context& context, Console& console) {
  const auto& archives = arguments.positional_values();
  if (archives.empty()) throw Error(ErrorCode::Usage, "No archive to merge: name those that become one");
  const std::string output = arguments.text_of("output");
  if (output.empty()) throw Error(ErrorCode::Usage, "No archive to write: give --output (-o)");
  check_archive_name(output);
  const WrittenForm form = written_form_of(arguments, output);
  const auto stream = stream_of(arguments, output);
  const std::vector<std::string> bases = arguments.list_of("base");
  const ConvertOptions options{.archives = {archives.begin(), archives.end()},
                               .output = output,
                               .selection = selection_of(arguments, false),
                               .nondistributable_layers = arguments.on("include-non-distributable-layers"),
                               .force = form.force,
                               .bases = {bases.begin(), bases.end()},
                               .volumes = form.volumes,
                               .verify_medium = form.verify_medium};
  context.volumes = volume_search_of(arguments, context.stop, console);
  if (const auto dry_run = dry_run_of(arguments)) {
    ExportPlan plan = plan_conversion(options, context);
    plan_form(plan, form);
    return print_export_plan(plan, output, *dry_run, console);
  }
  const TransferReport report =
      stream ? convert_to_stream(options, *stream, context) : convert_archive(options, context);
  const auto protection = protect_written(form, report.fingerprint, context);
  const WrittenParts parts{report.volumes, report.medium, protection};
  console.finish_progress();
  Json::Object members = export_members(report, output);
  add_form_members(members, parts);
  console.document(std::move(members));
  print_archives(report.archives, console);
  print_written(report, shown_archive(output), console);
  print_form(form, parts, console);
}

}  // namespace

const Command kMergeCommand{
    .name = "merge",
    .summary = "Join several archives to one; needs no network",
    .usage = "ociferry merge ARCHIVE... -o NEW.tar [options]",
    .examples =
        "  # Three releases on one stick; what they share is there once\n"
        "  ociferry merge v1.tar v2.tar v3.tar -o releases.tar\n"
        "  # Add an archive to another one, in its place\n"
        "  ociferry merge releases.tar v4.tar -o releases.tar\n"
        "  # On several sticks\n"
        "  ociferry merge v1.tar v2.tar --volume-size fit:/media/a,/media/b -o releases.tar\n",
    .common = CommonOptions::Jobs,
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_merge,
    .run = run_merge,
};

}  // namespace ociferry
