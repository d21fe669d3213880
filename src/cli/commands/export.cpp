#include "cli/command.hpp"
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
  const TransferReport report = export_archive(options, context);
  console.finish_progress();
  console.document(export_members(report, options.archive.string()));
  print_export(report, options.archive.string(), console);
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
