#include "cli/command.hpp"

namespace ociferry {

namespace {

void declare_pull(Arguments& arguments) {
  declare_source(arguments, false);
  arguments.text("output,o", "DIRECTORY", "Directory to write; what an earlier pull left there is replaced");
  arguments.require("output");
  arguments.flag("recursive,r", "Also pull nested bundles, into .imgpkg/bundles");
  arguments.flag("force", "Replace a directory that no pull made, too, with all that it holds");
  arguments.toggle("image-is-bundle-check", true, "Refuse to pull a bundle with -i (default: true)");
}

void run_pull(const Arguments& arguments, Context& context, Console& console) {
  if (!arguments.is_set("output")) throw Error(ErrorCode::Usage, "expected --output to be non-empty");
  PullOptions options{.source = one_source(arguments), .output = arguments.text_of("output")};
  options.recursive = arguments.on("recursive");
  options.image_is_bundle_check = arguments.on("image-is-bundle-check");
  if (!options.image_is_bundle_check && options.source.kind != SourceArgument::Kind::Image) {
    throw Error(ErrorCode::Usage, "Cannot set --image-is-bundle-check while using -b flag")
        .hint("it goes with --image (-i) only");
  }
  // imgpkg always replaces the directory.
  options.force = arguments.on("force") || arguments.called_as() == CalledAs::Imgpkg;
  console.document(pull_members(pull(options, context), options.output.string()));
}

}  // namespace

const Command kPullCommand{
    .name = "pull",
    .summary = "Extract a bundle's or an image's files into a directory",
    .usage = "ociferry pull (-b REF | -i REF | --lock FILE) -o DIRECTORY [-r] [options]",
    .examples =
        "  # Extract a bundle, and the bundles that its lock file names\n"
        "  ociferry pull -b registry.example.com/team/app:v1 -r -o app/\n"
        "  # Extract the bundle that a push or copy wrote a lock file for\n"
        "  ociferry pull --lock app.lock.yml -o app/\n",
    .common = CommonOptions::Registry,
    .unpacks = true,
    .declare = declare_pull,
    .run = run_pull,
};

}  // namespace ociferry
