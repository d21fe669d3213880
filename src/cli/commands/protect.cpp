#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/compact_options.hpp"
#include "cli/parity_options.hpp"
#include "cli/volume_options.hpp"

namespace ociferry {

namespace {

void declare_protect(Arguments& arguments) {
  arguments.positional("ARCHIVE");
  declare_parity_percent(arguments);
  arguments.require("parity");
  arguments.text("output,o", "FILE", "The parity to write (default: ARCHIVE.parity, beside the archive)");
  arguments.text("volume-size", "SIZE", "Write parity that is larger in volumes FILE.001, FILE.002, ... of this size");
  arguments.flag("force", "Replace a file of that name even if it is no parity");
  declare_bases(arguments);
  declare_volume_search(arguments);
}

void run_protect(const Arguments& arguments, Context& context, Console& console) {
  const std::string archive = arguments.positional_value();
  context.volumes = volume_search_of(arguments, context.stop, console);
  const auto size = arguments.optional_text("volume-size");
  const ProtectOptions options{
      .archive = archive,
      .parity = {.percent = parity_percent_of(arguments), .volume_bytes = size ? volume_bytes_of(*size) : 0},
      .output = arguments.optional_text("output").value_or(""),
      .force = arguments.on("force"),
      .bases = paths_of(arguments, "base")};
  const ProtectReport report = protect_archive(options, context);
  console.finish_progress();
  Json::Object members{{"archive", archive}, {"archiveBytes", report.archive_bytes}};
  members.emplace_back("parity", parity_members(report));
  console.document(std::move(members));
  console.result(fmt::format("Protected {}: {}", archive, text::human_bytes(report.archive_bytes)));
  print_parity(report, console);
}

}  // namespace

const Command kProtectCommand{
    .name = "protect",
    .summary = "Write parity, by which a damaged archive is repaired; needs no network",
    .usage = "ociferry protect ARCHIVE.tar --parity PERCENT [options]",
    .examples =
        "  # apps.tar.parity, a tenth as large, replaces any tenth of apps.tar that lies together\n"
        "  ociferry protect apps.tar --parity 10%\n"
        "  # One of five volumes may be lost\n"
        "  ociferry protect /media/usb/apps.tar.001 --parity 20%\n",
    .common = CommonOptions::Jobs,
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_protect,
    .run = run_protect,
};

}  // namespace ociferry
