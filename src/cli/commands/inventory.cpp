#include "ociferry/inventory.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/results.hpp"
#include "cli/volume_options.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

void declare_inventory(Arguments& arguments) {
  arguments.positional("ARCHIVE", true);
  arguments.repeated("repo", "REPOSITORY", "A repository to list (can be repeated)");
  arguments.text("registry", "HOST", "List all repositories of this registry's catalog");
  arguments.text("output,o", "FILE", "The have-list to write");
  arguments.require("output");
  arguments.flag("force", "Replace a file of that name even if it is no have-list");
  declare_volume_search(arguments);
}

InventoryOptions inventory_options(const Arguments& arguments) {
  InventoryOptions options{
      .registry = arguments.text_of("registry"), .output = arguments.text_of("output"), .force = arguments.on("force")};
  for (const std::string& name : arguments.list_of("repo")) options.repositories.push_back(parse_repository(name));
  for (const std::string& archive : arguments.positional_values()) options.archives.emplace_back(archive);
  if (options.output.empty()) throw Error(ErrorCode::Usage, "No have-list to write: give --output (-o)");
  if (options.repositories.empty() && options.registry.empty() && options.archives.empty()) {
    throw Error(ErrorCode::Usage, "Nothing to list: give --repo, --registry, or archives");
  }
  return options;
}

void run_inventory(const Arguments& arguments, Context& context, Console& console) {
  const InventoryOptions options = inventory_options(arguments);
  context.volumes = volume_search_of(arguments, context.stop, console);
  const InventoryReport report = inventory(options, context);
  console.finish_progress();
  console.document({{"haveList", options.output.string()},
                    {"digest", report.digest.text()},
                    {"repositories", number(report.repositories)},
                    {"archives", number(report.archives)},
                    {"layers", number(report.blobs)},
                    {"layerBytes", report.bytes}});
  std::vector<std::string> of;
  if (report.repositories > 0) {
    of.push_back(report.repositories == 1 ? "1 repository" : fmt::format("{} repositories", report.repositories));
  }
  if (report.archives > 0) of.push_back(count(report.archives, "archive"));
  console.result(fmt::format("Listed {} ({}) of {} in {}", count(report.blobs, "layer"),
                             text::human_bytes(report.bytes), text::join(of, " and "), options.output.string()));
}

}  // namespace

const Command kInventoryCommand{
    .name = "inventory",
    .summary = "Write a list of what a site has, for export --have at the other side",
    .usage = "ociferry inventory (--repo REGISTRY/REPOSITORY... | --registry HOST | ARCHIVE...) -o have.json [options]",
    .examples =
        "  # Inside: what is there; the list goes out\n"
        "  ociferry inventory --repo registry.internal/apps -o have.json\n"
        "  # Outside: an archive of what is not there\n"
        "  ociferry export -b registry.example.com/team/app:v2 --have have.json -o update.tar\n",
    .common = CommonOptions::Registry,
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_inventory,
    .run = run_inventory,
};

}  // namespace ociferry
