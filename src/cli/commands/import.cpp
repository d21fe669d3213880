#include "cli/command.hpp"
#include "cli/transfer_output.hpp"
#include "oci/given_reference.hpp"

namespace ociferry {

namespace {

void declare(Arguments& arguments) {
  arguments.positional("ARCHIVE");
  arguments.text("to-repo", "REGISTRY/REPOSITORY", "The repository that takes all images");
  arguments.require("to-repo");
  arguments.text("lock-output", "FILE", "Write a lock file that names what was imported");
  arguments.flag("verify-first", "Check every byte of the archive before the first write");
  arguments.flag("no-root-tags", "Do not put the tags that the roots were exported with");
  arguments.flag("keep-tags", "Refuse to move a tag that the destination has already");
  arguments.flag("recheck", "Ask the destination for every blob, even below tags that are right");
  declare_proof(arguments);
  arguments.flag("repo-based-tags", "Keep images under tags that begin with the repository they come from");
  arguments.flag("include-non-distributable-layers",
                 "Also put layers that may not be redistributed; those that the archive lacks are fetched");
}

void run(const Arguments& arguments, Context& context, Console& console) {
  if (!arguments.is_set("to-repo")) throw Error(ErrorCode::Usage, "No destination: give --to-repo");
  const ImportOptions options{.archive = arguments.positional_value(),
                              .relocate = {.to = given_repository(arguments.text_of("to-repo")),
                                           .lock_output = arguments.optional_text("lock-output"),
                                           .root_tags = !arguments.on("no-root-tags"),
                                           .repository_tags = arguments.on("repo-based-tags"),
                                           .keep_tags = arguments.on("keep-tags"),
                                           .recheck = arguments.on("recheck"),
                                           .proof = proof_of(arguments)},
                              .verify_first = arguments.on("verify-first"),
                              .nondistributable_layers = arguments.on("include-non-distributable-layers")};
  const TransferReport report = import_archive(options, context);
  console.finish_progress();
  console.document(relocation_members(report, options.relocate.to));
  print_relocation(report, options.relocate.to, console);
}

}  // namespace

const Command kImportCommand{
    .name = "import",
    .summary = "Put an archive's images, with locations images, into a repository",
    .usage = "ociferry import ARCHIVE.tar --to-repo REGISTRY/REPOSITORY [options]",
    .examples =
        "  # Check an archive, then put its images into a registry\n"
        "  ociferry import /media/usb/apps.tar --to-repo registry.internal/apps --verify-first\n",
    .common = CommonOptions::Registry,
    .unpacks = true,
    .declare = declare,
    .run = run,
};

}  // namespace ociferry
