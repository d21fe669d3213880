#include <fmt/format.h>

#include <filesystem>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/destination_options.hpp"
#include "cli/plan_output.hpp"
#include "cli/selection_options.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "ociferry/several.hpp"

namespace ociferry {

namespace {

void declare_import(Arguments& arguments) {
  arguments.positional("ARCHIVE", true);
  arguments.repeated("bundle,b", "REF", "Only this bundle of the archives, and what it needs (can be repeated)");
  arguments.repeated("image,i", "REF", "Only this image of the archives, also of a bundle's (can be repeated)");
  declare_patterns(arguments);
  declare_destination(arguments, Destinations::Several);
  arguments.repeated("base", "FILE",
                     "An archive to take layers from that the archives leave out and the destination lacks (can be "
                     "repeated)");
  arguments.flag("verify-first", "Check every byte of the archives before the first write");
  arguments.flag("include-non-distributable-layers",
                 "Also put layers that may not be redistributed; those that the archive lacks are fetched");
  declare_platform(arguments);
  declare_volume_search(arguments);
  declare_dry_run(arguments);
}

void import_into_one(const ImportOptions& options, const Context& context, Console& console) {
  const TransferReport report = import_archive(options, context);
  console.finish_progress();
  console.document(relocation_members(report, options.relocate));
  print_archives(report.archives, console);
  print_relocation(report, options.relocate, console);
}

void import_into_all(const ImportOptions& options, const std::vector<RelocateOptions>& destinations,
                     const Context& context, Console& console) {
  const std::vector<DestinationReport> reports = import_archive_to_all(options, destinations, context);
  console.finish_progress();
  console.document(destinations_members(reports, destinations));
  if (!reports.empty()) print_archives(reports.front().report.archives, console);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (!reports[i].failure) print_relocation(reports[i].report, destinations[i], console);
  }
  throw_if_any_failed(reports, destinations);
}

/// The last word may be a destination whose option was forgotten.
void check_has_destination(const Arguments& arguments) {
  if (arguments.is_set("to-repo") || arguments.is_set("to-registry")) return;
  const auto& words = arguments.positional_values();
  std::error_code unknown;
  if (words.size() < 2 || std::filesystem::exists(words.back(), unknown)) {
    throw Error(ErrorCode::Usage, "No destination: give --to-repo or --to-registry");
  }
  throw Error(ErrorCode::Usage, fmt::format("no destination, and '{}' is no archive", text::printable(words.back())))
      .hint("give it with --to-repo");
}

std::vector<std::filesystem::path> paths_given(const std::vector<std::string>& words) {
  return {words.begin(), words.end()};
}

std::vector<std::filesystem::path> archives_given(const Arguments& arguments) {
  static_cast<void>(arguments.positional_value());  // there must be one
  return paths_given(arguments.positional_values());
}

void run_import(const Arguments& arguments, Context& context, Console& console) {
  check_has_destination(arguments);
  context.volumes = volume_search_of(arguments, context.stop, console);
  const std::vector<RelocateOptions> destinations = all_relocate_options(arguments);
  const ImportOptions options{.archives = archives_given(arguments),
                              .relocate = destinations.front(),
                              .selection = selection_of(arguments, true),
                              .verify_first = arguments.on("verify-first"),
                              .nondistributable_layers = arguments.on("include-non-distributable-layers"),
                              .bases = paths_given(arguments.list_of("base"))};
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
    .summary = "Put the images of archives, with locations images, into a registry",
    .usage =
        "ociferry import ARCHIVE.tar... (--to-repo REGISTRY/REPOSITORY | --to-registry REGISTRY[/PREFIX]) [options]",
    .examples =
        "  # Check an archive, then put its images into a registry\n"
        "  ociferry import /media/usb/apps.tar --to-repo registry.internal/apps --verify-first\n"
        "  # What that would upload, and which tags it would move; nothing is written\n"
        "  ociferry import /media/usb/apps.tar --to-repo registry.internal/apps --dry-run --rate 20M\n"
        "  # Several archives as one: all are checked first, and layers that they share are uploaded once\n"
        "  ociferry import /media/usb/*.tar --to-registry registry.internal/mirror\n"
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
