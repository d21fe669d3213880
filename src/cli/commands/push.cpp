#include "base/text.hpp"
#include "cli/command.hpp"
#include "oci/given_reference.hpp"

namespace ociferry {

namespace {

void declare_push(Arguments& arguments) {
  arguments.text("bundle,b", "REF", "Push a bundle to this repository and tag");
  arguments.text("image,i", "REF", "Push an image to this repository and tag");
  arguments.list("file,f", "PATH", "File or directory to put in (can be repeated)");
  arguments.list("file-exclusion", "PATH", "Path to leave out, relative to its -f argument (default: .git)");
  arguments.deprecated("file-exclude-defaults", "file-exclusion");
  arguments.map("labels,l", "Label to set on the image (can be repeated)");
  arguments.flag("preserve-permissions", "Keep group and other permissions of files");
  arguments.flag("keep-tags", "Refuse to move the tag if the repository has it already");
  arguments.text("lock-output", "FILE", "Write a BundleLock that names the pushed bundle");
}

void run_push(const Arguments& arguments, Context& context, Console& console) {
  const auto bundle = arguments.optional_text("bundle");
  const auto image = arguments.optional_text("image");
  if (bundle && image) throw Error(ErrorCode::Usage, "Expected only one of image or bundle");
  if (!bundle && !image) {
    throw Error(ErrorCode::Usage, "Expected either image or bundle").hint("give --bundle (-b) or --image (-i)");
  }
  PushOptions options{.target = given_reference(bundle ? *bundle : *image), .is_bundle = bundle.has_value()};
  for (const std::string& file : arguments.list_of("file")) options.files.emplace_back(file);
  if (arguments.is_set("file-exclusion")) options.exclusions = arguments.list_of("file-exclusion");
  options.preserve_permissions = arguments.on("preserve-permissions");
  options.labels = arguments.map_of("labels");
  options.lock_output = arguments.optional_text("lock-output");
  options.keep_tags = arguments.on("keep-tags");
  const PushReport report = push(options, context);
  console.finish_progress();
  console.document(push_members(report));
  const std::string line = text::cat("Pushed '", to_string(report.pushed), "'");
  const bool is_quiet = arguments.called_as() == CalledAs::Imgpkg;  // without a terminal
  if (is_quiet || console.options().show_lines) return console.closing_line(line);
  console.result(line);
}

}  // namespace

const Command kPushCommand{
    .name = "push",
    .summary = "Push files as a bundle or an image",
    .usage = "ociferry push (-b REF | -i REF) -f PATH... [options]",
    .examples =
        "  # Push the files of config/ as a bundle\n"
        "  ociferry push -b registry.example.com/team/app:v1 -f config/\n"
        "  # Push an image with files from several places, without what git keeps\n"
        "  ociferry push -i registry.example.com/team/files -f config/,extra.yml --file-exclusion .git,.github\n",
    .common = CommonOptions::Registry,
    .declare = declare_push,
    .run = run_push,
};

}  // namespace ociferry
