#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/parity_options.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "ferry/write/archive_output.hpp"
#include "medium/volumes/volume_list.hpp"

namespace ociferry {

namespace {

void declare_repair(Arguments& arguments) {
  arguments.positional("ARCHIVE");
  arguments.text("output,o", "FILE", "The archive to write, in one file; never the damaged one");
  arguments.require("output");
  declare_parity_file(arguments);
  arguments.flag("force", "Replace a file of that name even if it is not an archive");
  declare_volume_search(arguments);
}

/// The extension of the archive that `path` names: the file itself, a volume, or the list of volumes.
std::filesystem::path extension_of_archive(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  if (const auto volume = parse_volume_name(name)) name = volume->output;
  if (name.ends_with(kVolumeListSuffix)) name.resize(name.size() - kVolumeListSuffix.size());
  return std::filesystem::path(name).extension();
}

void run_repair(const Arguments& arguments, Context& context, Console& console) {
  const std::string archive = arguments.positional_value();
  // Lost volumes are repaired, so the user is not asked for them.
  for (const std::string& directory : arguments.list_of("volume-dir")) {
    context.volumes.directories.emplace_back(directory);
  }
  const RepairOptions options{.archive = archive,
                              .output = arguments.text_of("output"),
                              .parity = arguments.optional_text("parity").value_or(""),
                              .force = arguments.on("force")};
  if (options.output.empty()) throw Error(ErrorCode::Usage, "No archive to write: give --output (-o)");
  // A compact archive is a compressed file.
  std::error_code unknown;
  if (!std::filesystem::is_directory(options.archive, unknown) &&
      options.output.extension() != extension_of_archive(options.archive)) {
    check_archive_name(options.output.string());
  }
  const RepairReport report = repair_archive(options, context);
  console.finish_progress();
  console.document({{"archive", archive},
                    {"output", options.output.string()},
                    {"archiveBytes", report.archive_bytes},
                    {"digest", report.digest.text()},
                    {"blocks", report.blocks},
                    {"lostBlocks", report.lost_blocks},
                    {"lostBytes", report.lost_bytes},
                    {"damagedParityBlocks", report.damaged_parity}});
  console.result(report.lost_blocks == 0
                     ? fmt::format("Nothing of {} was lost; written to {} all the same: {}", archive,
                                   options.output.string(), text::human_bytes(report.archive_bytes))
                     : fmt::format("Repaired {}: {} of {} blocks, {}; all of it is in {}, {}", archive,
                                   report.lost_blocks, report.blocks, text::human_bytes(report.lost_bytes),
                                   options.output.string(), text::human_bytes(report.archive_bytes)));
  console.result(fmt::format("{} as it was when its parity was made", report.digest.text()));
}

}  // namespace

const Command kRepairCommand{
    .name = "repair",
    .summary = "Write a damaged archive again, whole, by its parity; needs no network",
    .usage = "ociferry repair (ARCHIVE.tar | VOLUME | FILE.volumes.json | DIRECTORY) -o NEW.tar [options]",
    .examples =
        "  # With apps.tar.parity beside it\n"
        "  ociferry repair /media/usb/apps.tar -o apps.tar\n"
        "  # Volumes of which one is lost\n"
        "  ociferry repair /media/usb/apps.tar.volumes.json --parity apps.tar.parity -o apps.tar\n",
    .common = CommonOptions::None,
    .in_imgpkg = false,
    .declare = declare_repair,
    .run = run_repair,
};

}  // namespace ociferry
