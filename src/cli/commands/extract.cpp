#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/compact_options.hpp"
#include "cli/store_output.hpp"
#include "cli/volume_options.hpp"

namespace ociferry {

namespace {

void declare_extract(Arguments& arguments) {
  arguments.positional("ARCHIVE IMAGE [PATH...]", true);
  arguments.text("output,o", "DIRECTORY", "Directory to write; what an earlier extract or pull left there is replaced");
  arguments.require("output");
  arguments.flag("force", "Replace a directory that neither made, too, with all that it holds");
  declare_image_platform(arguments);
  declare_bases(arguments);
  declare_volume_search(arguments);
}

void run_extract(const Arguments& arguments, Context& context, Console& console) {
  ExtractOptions options{
      .from = image_choice(arguments), .output = arguments.text_of("output"), .force = arguments.on("force")};
  const auto& words = arguments.positional_values();
  if (words.size() > 2) std::copy(std::next(words.begin(), 2), words.end(), std::back_inserter(options.paths));
  if (options.output.empty()) throw Error(ErrorCode::Usage, "No directory to write: give --output (-o)");
  context.volumes = volume_search_of(arguments, context.stop, console);
  const ExtractedFiles report = extract_files(options, context);
  console.finish_progress();
  console.document(extract_members(report, options));
  console.result(fmt::format("Extracted {} of {} to {}: {}", count(report.files, "file"), to_string(report.image),
                             options.output.string(), text::human_bytes(report.bytes)));
  if (const auto skipped = report.skipped_links + report.skipped_special; skipped > 0) {
    console.warn(fmt::format(
        "{} links or special files were left out: links that lead out of the directory, devices or pipes", skipped));
  }
}

}  // namespace

const Command kExtractCommand{
    .name = "extract",
    .summary = "Unpack files of an image in an archive; needs no network",
    .usage = "ociferry extract ARCHIVE IMAGE [PATH...] -o DIRECTORY [options]",
    .examples =
        "  # All files of an image, or some of them\n"
        "  ociferry extract apps.tar app:v1 -o app/\n"
        "  ociferry extract apps.tar tools/busybox bin/busybox etc -o tool/\n",
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_extract,
    .run = run_extract,
};

}  // namespace ociferry
