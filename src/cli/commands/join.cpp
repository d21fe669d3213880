#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "ociferry/split.hpp"

namespace ociferry {

namespace {

void declare_join(Arguments& arguments) {
  arguments.positional("VOLUMES", true);
  arguments.text("output,o", "FILE", "The archive to write");
  arguments.require("output");
  arguments.flag("force", "Replace a file of that name even if it is not an archive");
  declare_volume_search(arguments);
}

void run_join(const Arguments& arguments, Context& context, Console& console) {
  context.volumes = volume_search_of(arguments, context.stop, console);
  const JoinOptions options{.volumes = one_set_of(arguments, context.volumes),
                            .output = arguments.text_of("output"),
                            .force = arguments.on("force")};
  if (options.output.empty()) throw Error(ErrorCode::Usage, "No archive to write: give --output (-o)");
  const SplitReport report = join_archive(options, context);
  console.finish_progress();
  console.document({{"archive", options.output.string()},
                    {"archiveBytes", report.archive_bytes},
                    {"fingerprint", report.fingerprint.text()}});
  console.result(fmt::format("Joined to {}: {}", options.output.string(), text::human_bytes(report.archive_bytes)));
  console.result(fingerprint_line(report.fingerprint));
}

}  // namespace

const Command kJoinCommand{
    .name = "join",
    .summary = "Make one archive of volumes; needs no network",
    .usage = "ociferry join (VOLUME | FILE.volumes.json | DIRECTORY)... -o ARCHIVE.tar [options]",
    .examples =
        "  # Of volumes beside one another\n"
        "  ociferry join apps.tar.0* -o apps.tar\n"
        "  # Of volumes on two sticks\n"
        "  ociferry join /media/a/apps.tar.volumes.json --volume-dir /media/b -o apps.tar\n",
    .common = CommonOptions::Jobs,
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_join,
    .run = run_join,
};

}  // namespace ociferry
