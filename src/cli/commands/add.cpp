#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "cli/archive_form.hpp"
#include "cli/command.hpp"
#include "cli/compact_options.hpp"
#include "cli/plain_sources.hpp"
#include "cli/plan_output.hpp"
#include "cli/selection_options.hpp"
#include "cli/store_output.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "ferry/write/archive_output.hpp"
#include "oci/platform.hpp"
#include "ociferry/release_store.hpp"

namespace ociferry {

namespace {

void declare_add(Arguments& arguments) {
  arguments.positional("ARCHIVE REF...", true);
  declare_source(arguments, true);
  arguments.repeated("images-file", "FILE", "Bundles and images, one reference a line (can be repeated)");
  arguments.text("output,o", "FILE", "The archive to write; it may be the one that is read");
  arguments.require("output");
  arguments.flag("force", "Replace a file of that name even if it is not an archive");
  arguments.toggle("with-referrers", true,
                   "Take signatures, attestations, SBOMs and what else is attached to images along (default: true)");
  arguments.flag("include-non-distributable-layers", "Take layers along that may not be redistributed");
  declare_platform(arguments);
  declare_bases(arguments);
  declare_written_form(arguments);
  declare_volume_search(arguments);
  declare_dry_run(arguments);
}

std::vector<SourceArgument> sources_to_add(const Arguments& arguments, const std::stop_token& stop) {
  std::vector<SourceArgument> sources = sources_of(arguments);
  const auto& words = arguments.positional_values();
  for (std::size_t i = 1; i < words.size(); ++i) sources.push_back(plain_source(words[i]));
  for (const std::string& file : arguments.list_of("images-file")) {
    std::ranges::move(read_images_file(file, stop), std::back_inserter(sources));
  }
  if (sources.empty()) throw Error(ErrorCode::Usage, "Nothing to add: name bundles and images");
  return sources;
}

Selection platforms_only(const Arguments& arguments) {
  Selection selection;
  for (const std::string& platform : arguments.list_of("platform")) {
    selection.platforms.push_back(parse_platform(platform));
  }
  return selection;
}

void run_add(const Arguments& arguments, Context& context, Console& console) {
  const std::string archive = arguments.positional_value();
  const std::string output = arguments.text_of("output");
  if (output.empty()) {
    throw Error(ErrorCode::Usage, "No archive to write: give --output (-o)")
        .hint(fmt::format("-o {} replaces the archive when the new one is complete", archive));
  }
  check_archive_name(output);
  const WrittenForm form = written_form_of(arguments, output);
  const AddOptions options{.archive = archive,
                           .sources = sources_to_add(arguments, context.stop),
                           .gather = {.referrers = arguments.on("with-referrers") ? Referrers::All : Referrers::None,
                                      .nondistributable_layers = arguments.on("include-non-distributable-layers"),
                                      .selection = platforms_only(arguments)},
                           .output = output,
                           .force = form.force,
                           .bases = paths_of(arguments, "base"),
                           .volumes = form.volumes,
                           .verify_medium = form.verify_medium};
  context.volumes = volume_search_of(arguments, context.stop, console);
  if (const auto dry_run = dry_run_of(arguments)) {
    AdditionPlan plan = plan_addition(options, context);
    plan_form(plan.archive, form);
    return print_addition_plan(plan, options, *dry_run, console);
  }
  const AddReport report = add_images(options, context);
  const auto protection = protect_written(form, report.written.fingerprint, context);
  const WrittenParts parts{report.written.volumes, report.written.medium, protection};
  console.finish_progress();
  Json::Object members = add_members(report, output);
  add_form_members(members, parts);
  console.document(std::move(members));
  console.result(fmt::format("Fetched {} that {} lacked: {}", count(report.fetched.count, "blob"), archive,
                             text::human_bytes(report.fetched.bytes)));
  print_written(report.written, output, console);
  print_form(form, parts, console);
}

}  // namespace

const Command kAddCommand{
    .name = "add",
    .summary = "Write an archive with more bundles and images; fetches only what it lacks",
    .usage = "ociferry add ARCHIVE REF... -o NEW.tar [options]",
    .examples =
        "  # The next release joins those that are there\n"
        "  ociferry add releases.tar registry.example.com/team/app:v4 -o releases.tar\n",
    .common = CommonOptions::Registry,
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_add,
    .run = run_add,
};

}  // namespace ociferry
