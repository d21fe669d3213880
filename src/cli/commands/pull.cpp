#include <fmt/format.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "cli/command.hpp"
#include "cli/compact_options.hpp"
#include "cli/volume_options.hpp"
#include "ociferry/release_store.hpp"

namespace ociferry {

namespace {

bool is_ociferry(const Arguments& arguments) { return arguments.called_as() == CalledAs::Ociferry; }

void declare_pull(Arguments& arguments) {
  declare_source(arguments, false);
  if (is_ociferry(arguments)) {
    arguments.text("from", "ARCHIVE", "Read all of it from this archive, of any tool; no registry is contacted");
    declare_bases(arguments);
    declare_volume_search(arguments);
  }
  arguments.text("output,o", "DIRECTORY", "Directory to write; what an earlier pull left there is replaced");
  arguments.require("output");
  arguments.flag("recursive,r", "Also pull nested bundles, into .imgpkg/bundles");
  arguments.flag("force", "Replace a directory that no pull made, too, with all that it holds");
  arguments.toggle("image-is-bundle-check", true, "Refuse to pull a bundle with -i (default: true)");
}

/// Of an archive with one image only, no name is needed.
SourceArgument source_in_archive(const Arguments& arguments) {
  if (single_sources_of(arguments).empty()) return {SourceArgument::Kind::Either, ""};
  return one_source(arguments);
}

void pull_archive(const std::string& archive, const std::vector<std::filesystem::path>& bases,
                  const PullOptions& options, const Context& context, Console& console) {
  const StorePullReport report = pull_from_archive(archive, bases, options, context);
  console.finish_progress();
  Json::Object members = pull_members(report.pulled, options.output.string());
  members.emplace_back("archive", archive);
  console.document(std::move(members));
  console.result(fmt::format("Pulled {} from {}", to_string(report.pulled.pulled), archive));
  if (!report.is_bundle) return;
  console.result("The lock file names its images as before: nothing was relocated");
}

void run_pull(const Arguments& arguments, Context& context, Console& console) {
  if (!arguments.is_set("output")) throw Error(ErrorCode::Usage, "expected --output to be non-empty");
  const std::string archive = is_ociferry(arguments) ? arguments.text_of("from") : "";
  PullOptions options{.source = archive.empty() ? one_source(arguments) : source_in_archive(arguments),
                      .output = arguments.text_of("output")};
  options.recursive = arguments.on("recursive");
  options.image_is_bundle_check = arguments.on("image-is-bundle-check");
  if (!options.image_is_bundle_check && options.source.kind != SourceArgument::Kind::Image) {
    throw Error(ErrorCode::Usage, "Cannot set --image-is-bundle-check while using -b flag")
        .hint("it goes with --image (-i) only");
  }
  // imgpkg always replaces the directory.
  options.force = arguments.on("force") || arguments.called_as() == CalledAs::Imgpkg;
  if (is_ociferry(arguments)) context.volumes = volume_search_of(arguments, context.stop, console);
  if (!archive.empty()) return pull_archive(archive, paths_of(arguments, "base"), options, context, console);
  if (is_ociferry(arguments) && arguments.is_set("base")) throw Error(ErrorCode::Usage, "--base goes with --from only");
  console.document(pull_members(pull(options, context), options.output.string()));
}

}  // namespace

const Command kPullCommand{
    .name = "pull",
    .summary = "Extract a bundle's or an image's files into a directory",
    .usage = "ociferry pull (-b REF | -i REF | --lock FILE) [--from ARCHIVE] -o DIRECTORY [-r] [options]",
    .examples =
        "  # Extract a bundle, and the bundles that its lock file names\n"
        "  ociferry pull -b registry.example.com/team/app:v1 -r -o app/\n"
        "  # The same without any registry\n"
        "  ociferry pull --from apps.tar -b registry.example.com/team/app:v1 -r -o app/\n"
        "  # Extract the bundle that a push or copy wrote a lock file for\n"
        "  ociferry pull --lock app.lock.yml -o app/\n",
    .common = CommonOptions::Registry,
    .unpacks = true,
    .declare = declare_pull,
    .run = run_pull,
};

}  // namespace ociferry
