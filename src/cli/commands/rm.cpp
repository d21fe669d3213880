#include <fmt/format.h>

#include <iterator>

#include "cli/archive_form.hpp"
#include "cli/command.hpp"
#include "cli/compact_options.hpp"
#include "cli/plan_output.hpp"
#include "cli/store_output.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "ferry/write/archive_output.hpp"
#include "ociferry/release_store.hpp"

namespace ociferry {

namespace {

void declare_rm(Arguments& arguments) {
  arguments.positional("ARCHIVE IMAGE...", true);
  arguments.text("output,o", "FILE", "The archive to write; it may be the one that is read");
  arguments.require("output");
  arguments.flag("force", "Replace a file of that name even if it is not an archive");
  declare_bases(arguments);
  declare_written_form(arguments);
  declare_volume_search(arguments);
  declare_dry_run(arguments);
}

void run_rm(const Arguments& arguments, Context& context, Console& console) {
  const std::string archive = arguments.positional_value();
  const auto& words = arguments.positional_values();
  RemoveOptions options{.archive = archive,
                        .images = {std::next(words.begin()), words.end()},
                        .output = arguments.text_of("output"),
                        .force = arguments.on("force"),
                        .bases = paths_of(arguments, "base")};
  if (options.images.empty()) {
    throw Error(ErrorCode::Usage, "No image to remove")
        .hint(fmt::format("'ociferry ls {}' lists what is in the archive", archive));
  }
  if (options.output.empty()) {
    throw Error(ErrorCode::Usage, "No archive to write: give --output (-o)")
        .hint(fmt::format("-o {} replaces the archive when the new one is complete", archive));
  }
  check_archive_name(options.output.string());
  const WrittenForm form = written_form_of(arguments, options.output.string());
  options.volumes = form.volumes;
  options.verify_medium = form.verify_medium;
  context.volumes = volume_search_of(arguments, context.stop, console);
  if (const auto dry_run = dry_run_of(arguments)) {
    RemovalPlan plan = plan_removal(options, context);
    plan_form(plan.archive, form);
    return print_removal_plan(plan, options, *dry_run, console);
  }
  const RemoveReport report = remove_images(options, context);
  const auto protection = protect_written(form, report.written.fingerprint, context);
  const WrittenParts parts{report.written.volumes, report.written.medium, protection};
  console.finish_progress();
  Json::Object members = remove_members(report, form.output);
  add_form_members(members, parts);
  console.document(std::move(members));
  print_removed(report, console);
  print_written(report.written, form.output, console);
  print_form(form, parts, console);
}

}  // namespace

const Command kRmCommand{
    .name = "rm",
    .summary = "Write an archive without some of its images; needs no network",
    .usage = "ociferry rm ARCHIVE IMAGE... -o NEW.tar [options]",
    .examples =
        "  # Make room on the stick: take an old release out of the archive that holds all of them\n"
        "  ociferry rm releases.tar registry.example.com/team/app:v1 -o releases.tar\n"
        "  # Short names do where they are clear\n"
        "  ociferry rm releases.tar app:v1 tools/busybox -o smaller.tar\n",
    .common = CommonOptions::Jobs,
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_rm,
    .run = run_rm,
};

}  // namespace ociferry
