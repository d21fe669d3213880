#include "cli/command.hpp"

namespace ociferry {

namespace {

void declare(Arguments& arguments) {
  declare_source(arguments, false);
  arguments.text("output,o", "DIRECTORY", "Directory to write; what it holds is replaced");
  arguments.flag("recursive,r", "Also pull nested bundles, into .imgpkg/bundles");
  arguments.toggle("image-is-bundle-check", true, "Refuse to pull a bundle with -i (default: true)");
}

void run(const Arguments& arguments, Context& context, Console&) {
  PullOptions options{.source = one_source(arguments), .output = arguments.text_of("output")};
  if (!arguments.is_set("output")) throw Error(ErrorCode::Usage, "Expected --output (-o) to be a directory to write");
  options.recursive = arguments.on("recursive");
  options.image_is_bundle_check = arguments.on("image-is-bundle-check");
  if (arguments.is_set("image-is-bundle-check") && options.source.kind != SourceArgument::Kind::Image) {
    throw Error(ErrorCode::Usage, "--image-is-bundle-check goes with --image (-i) only");
  }
  pull(options, context);
}

}  // namespace

const Command kPullCommand{
    .name = "pull",
    .summary = "Extract a bundle's or an image's files into a directory",
    .usage = "ociferry pull (-b REF | -i REF | --lock FILE) -o DIRECTORY [-r] [options]",
    .common = CommonOptions::Registry,
    .declare = declare,
    .run = run,
};

}  // namespace ociferry
