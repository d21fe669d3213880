#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/describe_output.hpp"
#include "oci/given_reference.hpp"

namespace ociferry {

namespace {

void declare_describe(Arguments& arguments) {
  arguments.text("bundle,b", "REF", "Bundle to describe, by tag or digest");
  arguments.text("output-type,o", "TYPE", "How to print it: text or yaml (default: text)");
  arguments.toggle("layers", true, "Show the layers of images (default: true)");
  arguments.toggle("cosign-artifacts", true, "Show the signatures that cosign made (default: true)");
}

/// One block for each line: so does imgpkg, as its --json shows.
void print_lines(std::string_view text, Console& console) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n') + 1);
    console.block(line);
    text.remove_prefix(line.size());
  }
}

void run_describe(const Arguments& arguments, Context& context, Console& console) {
  const std::string type = arguments.optional_text("output-type").value_or("text");
  if (type != "text" && type != "yaml") {
    throw Error(ErrorCode::Usage, "--output-type can only have the following values [text, yaml]");
  }
  const std::string bundle = arguments.text_of("bundle");
  if (bundle.empty()) throw Error(ErrorCode::Usage, "Expected --bundle (-b) to name the bundle to describe");
  const DescribedImage description = describe({.bundle = given_reference(bundle),
                                               .layers = arguments.on("layers"),
                                               .cosign_artifacts = arguments.on("cosign-artifacts")},
                                              context);
  console.finish_progress();
  console.document(description_members(description));
  if (type == "text") return print_lines(description_text(description), console);
  console.block(text::cat("sha: ", description.image.digest->text(), "\n"));
  console.block(description_yaml(description));
}

}  // namespace

const Command kDescribeCommand{
    .name = "describe",
    .summary = "Show what a bundle in a registry consists of, and where it is",
    .usage = "ociferry describe -b REF [-o text|yaml] [options]",
    .examples =
        "  ociferry describe -b registry.example.com/team/app-bundle:v1.4.0\n"
        "  ociferry describe -b registry.internal/team/app:v1.4.0 -o yaml\n",
    .common = CommonOptions::Registry,
    .unpacks = true,
    .declare = declare_describe,
    .run = run_describe,
};

}  // namespace ociferry
