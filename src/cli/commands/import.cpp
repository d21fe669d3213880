#include "cli/command.hpp"
#include "cli/destination_options.hpp"
#include "cli/plan_output.hpp"
#include "cli/selection_options.hpp"
#include "cli/transfer_output.hpp"
#include "ociferry/several.hpp"

namespace ociferry {

namespace {

void declare_import(Arguments& arguments) {
  arguments.positional("ARCHIVE");
  arguments.repeated("bundle,b", "REF", "Only this bundle of the archive, and what it needs (can be repeated)");
  arguments.repeated("image,i", "REF", "Only this image of the archive, also of a bundle's (can be repeated)");
  declare_patterns(arguments);
  declare_destination(arguments, Destinations::Several);
  arguments.flag("verify-first", "Check every byte of the archive before the first write");
  arguments.flag("include-non-distributable-layers",
                 "Also put layers that may not be redistributed; those that the archive lacks are fetched");
  declare_platform(arguments);
  declare_dry_run(arguments);
}

void import_into_one(const ImportOptions& options, const Context& context, Console& console) {
  const TransferReport report = import_archive(options, context);
  console.finish_progress();
  console.document(relocation_members(report, options.relocate));
  print_relocation(report, options.relocate, console);
}

void import_into_all(const ImportOptions& options, const std::vector<RelocateOptions>& destinations,
                     const Context& context, Console& console) {
  const std::vector<DestinationReport> reports = import_archive_to_all(options, destinations, context);
  console.finish_progress();
  console.document(destinations_members(reports, destinations));
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (!reports[i].failure) print_relocation(reports[i].report, destinations[i], console);
  }
  throw_if_any_failed(reports, destinations);
}

void run_import(const Arguments& arguments, Context& context, Console& console) {
  if (!arguments.is_set("to-repo") && !arguments.is_set("to-registry")) {
    throw Error(ErrorCode::Usage, "No destination: give --to-repo or --to-registry");
  }
  const std::vector<RelocateOptions> destinations = all_relocate_options(arguments);
  const ImportOptions options{.archive = arguments.positional_value(),
                              .relocate = destinations.front(),
                              .selection = selection_of(arguments, true),
                              .verify_first = arguments.on("verify-first"),
                              .nondistributable_layers = arguments.on("include-non-distributable-layers")};
  if (const auto dry_run = dry_run_of(arguments)) {
    if (destinations.size() > 1) {
      throw Error(ErrorCode::Usage, "--dry-run is about one destination").hint("run it for each of them");
    }
    return print_plan(plan_import(options, context), options.relocate, *dry_run, console);
  }
  if (destinations.size() == 1) return import_into_one(options, context, console);
  import_into_all(options, destinations, context, console);
}

}  // namespace

const Command kImportCommand{
    .name = "import",
    .summary = "Put an archive's images, with locations images, into a registry",
    .usage = "ociferry import ARCHIVE.tar (--to-repo REGISTRY/REPOSITORY | --to-registry REGISTRY[/PREFIX]) [options]",
    .examples =
        "  # Check an archive, then put its images into a registry\n"
        "  ociferry import /media/usb/apps.tar --to-repo registry.internal/apps --verify-first\n"
        "  # What that would upload, and which tags it would move; nothing is written\n"
        "  ociferry import /media/usb/apps.tar --to-repo registry.internal/apps --dry-run --rate 20M\n"
        "  # To two registries, while the archive is read once\n"
        "  ociferry import /media/usb/apps.tar --to-registry east.internal --to-registry west.internal\n"
        "  # Keep every image's own name and tags, below one prefix\n"
        "  ociferry import /media/usb/apps.tar --to-registry registry.internal/mirror\n",
    .common = CommonOptions::Registry,
    .unpacks = true,
    .declare = declare_import,
    .run = run_import,
};

}  // namespace ociferry
