#include "cli/command.hpp"
#include "cli/tool_option.hpp"
#include "cli/transfer_output.hpp"

namespace ociferry {

namespace {

void declare(Arguments& arguments) {
  declare_source(arguments, true);
  arguments.text("output,o", "FILE", "The archive to write");
  arguments.require("output");
  arguments.flag("force", "Replace a file of that name even if it is not an archive");
  arguments.toggle("with-referrers", true,
                   "Take signatures, attestations, SBOMs and what else is attached to images along (default: true)");
  arguments.flag("include-non-distributable-layers", "Take layers along that may not be redistributed");
  declare_tool(arguments);
}

/// The archive alone, or with the program beside it.
std::optional<CarriedToolReport> export_with_tool(const ExportOptions& options,
                                                  const std::optional<CarriedToolOptions>& tool, TransferReport& report,
                                                  const Context& context) {
  std::vector<CarriedProgram> programs;
  if (tool) programs = read_carried_tool(*tool);
  report = export_archive(options, context);
  if (!tool) return std::nullopt;
  return write_carried_tool(*tool, programs, *report.fingerprint, context);
}

void run(const Arguments& arguments, Context& context, Console& console) {
  const ExportOptions options{.sources = sources_of(arguments),
                              .gather = {.referrers = arguments.on("with-referrers") ? Referrers::All : Referrers::None,
                                         .nondistributable_layers = arguments.on("include-non-distributable-layers")},
                              .archive = arguments.text_of("output"),
                              .force = arguments.on("force")};
  if (options.sources.empty())
    throw Error(ErrorCode::Usage, "Nothing to export: give --bundle (-b), --image (-i) or --lock");
  if (options.archive.empty()) throw Error(ErrorCode::Usage, "No archive to write: give --output (-o)");
  check_archive_name(options.archive.string());
  TransferReport report;
  const auto carried = export_with_tool(options, tool_of(arguments, options.archive.string()), report, context);
  console.finish_progress();
  Json::Object members = export_members(report, options.archive.string());
  if (carried) add_tool_members(members, *carried);
  console.document(std::move(members));
  print_export(report, options.archive.string(), console);
  if (carried) print_tool(*carried, console);
}

}  // namespace

const Command kExportCommand{
    .name = "export",
    .summary = "Write bundles, and everything they reference, into one archive",
    .usage = "ociferry export (-b REF | -i REF | --lock FILE)... -o ARCHIVE.tar [options]",
    .examples =
        "  # Two bundles, with all images they need, on one stick\n"
        "  ociferry export -b registry.example.com/a:v1 -b registry.example.com/b:v2 -o /media/usb/apps.tar\n",
    .common = CommonOptions::Registry,
    .unpacks = true,
    .declare = declare,
    .run = run,
};

}  // namespace ociferry
