#include "ociferry/split.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/archive_form.hpp"
#include "cli/command.hpp"
#include "cli/medium_option.hpp"
#include "cli/parity_options.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"

namespace ociferry {

namespace {

void declare_split(Arguments& arguments) {
  arguments.positional("ARCHIVE");
  declare_volume_size(arguments);
  arguments.require("volume-size");
  arguments.text("output,o", "FILE", "The volumes are FILE.001, FILE.002, ...");
  arguments.require("output");
  arguments.flag("force", "Replace files of those names even if they are no volumes");
  arguments.flag("as-it-is", "Divide a compact archive itself, not the plain archive that it stands for");
  declare_parity_percent(arguments);
  declare_verify_medium(arguments);
  declare_volume_search(arguments);
}

void run_split(const Arguments& arguments, Context& context, Console& console) {
  context.volumes = volume_search_of(arguments, context.stop, console);
  const std::string output = arguments.text_of("output");
  const WrittenForm form = written_form_of(arguments, output);
  const SplitOptions options{.archive = arguments.positional_value(),
                             .output = output,
                             .volumes = form.volumes,
                             .force = form.force,
                             .verify_medium = form.verify_medium,
                             .as_it_is = arguments.on("as-it-is")};
  if (!options.volumes.divides()) throw Error(ErrorCode::Usage, "No size of the volumes: give --volume-size");
  const SplitReport report = split_archive(options, context);
  const auto protection = protect_written(form, report.fingerprint, context);
  const WrittenParts parts{report.volumes, report.medium, protection};
  console.finish_progress();
  Json::Object members{{"archiveBytes", report.archive_bytes}, {"fingerprint", report.fingerprint.text()}};
  add_form_members(members, parts);
  console.document(std::move(members));
  console.result(fmt::format("Split {}: {}", options.archive.string(), text::human_bytes(report.archive_bytes)));
  print_form(form, parts, console);
  console.result(fingerprint_line(report.fingerprint));
}

}  // namespace

const Command kSplitCommand{
    .name = "split",
    .summary = "Divide an archive into volumes; needs no network",
    .usage = "ociferry split ARCHIVE.tar --volume-size SIZE -o FILE [options]",
    .examples =
        "  # For a stick of FAT32: apps.tar.001, apps.tar.002, ...\n"
        "  ociferry split apps.tar --volume-size fat32 -o /media/usb/apps.tar\n"
        "  # On three sticks, with parity where there is room for it\n"
        "  ociferry split apps.tar --volume-size fit:/media/a,/media/b,/media/c --parity 20% -o apps.tar\n",
    .common = CommonOptions::Jobs,
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_split,
    .run = run_split,
};

}  // namespace ociferry
