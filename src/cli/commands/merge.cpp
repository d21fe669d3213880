#include "cli/command.hpp"
#include "cli/plan_output.hpp"
#include "cli/selection_options.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "ferry/deliver/archive_output.hpp"

namespace ociferry {

namespace {

void declare_merge(Arguments& arguments) {
  arguments.positional("ARCHIVE", true);
  arguments.repeated("base", "FILE",
                     "Archive with the layers that a delta leaves out; of it nothing else is taken (can be repeated)");
  arguments.text("output,o", "FILE", "The archive to write; it may be one of those that are read");
  arguments.require("output");
  arguments.flag("force", "Replace a file of that name even if it is not an archive");
  declare_patterns(arguments);
  declare_platform(arguments);
  arguments.flag("include-non-distributable-layers", "Fail if an archive lacks layers that may not be redistributed");
  declare_volume_search(arguments);
  declare_dry_run(arguments);
}

void run_merge(const Arguments& arguments, Context& context, Console& console) {
  const auto& archives = arguments.positional_values();
  if (archives.empty()) throw Error(ErrorCode::Usage, "No archive to merge: name those that become one");
  const std::string output = arguments.text_of("output");
  if (output.empty()) throw Error(ErrorCode::Usage, "No archive to write: give --output (-o)");
  check_archive_name(output);
  const std::vector<std::string> bases = arguments.list_of("base");
  const ConvertOptions options{.archives = {archives.begin(), archives.end()},
                               .output = output,
                               .selection = selection_of(arguments, false),
                               .nondistributable_layers = arguments.on("include-non-distributable-layers"),
                               .force = arguments.on("force"),
                               .bases = {bases.begin(), bases.end()}};
  context.volumes = volume_search_of(arguments, context.stop, console);
  if (const auto dry_run = dry_run_of(arguments)) {
    return print_export_plan(plan_conversion(options, context), output, *dry_run, console);
  }
  const TransferReport report = convert_archive(options, context);
  console.finish_progress();
  console.document(export_members(report, output));
  print_archives(report.archives, console);
  print_written(report, output, console);
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
        "  ociferry merge releases.tar v4.tar -o releases.tar\n",
    .common = CommonOptions::Jobs,
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_merge,
    .run = run_merge,
};

}  // namespace ociferry
