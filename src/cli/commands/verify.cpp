#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/parity_options.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"

namespace ociferry {

namespace {

void declare_verify(Arguments& arguments) {
  arguments.positional("ARCHIVE");
  declare_volume_search(arguments);
  declare_parity_file(arguments);
  arguments.text("fingerprint", "F", "Fail unless the archive has this fingerprint, as export and inspect show it");
}

void run_verify(const Arguments& arguments, Context& context, Console& console) {
  const std::string archive = arguments.positional_value();
  context.volumes = volume_search_of(arguments, context.stop, console);
  const ParityVerifyReport verified =
      verify_with_parity({.archive = archive, .fingerprint = arguments.text_of("fingerprint")},
                         arguments.optional_text("parity").value_or(""), context);
  const VerifyReport& report = verified.archive;
  console.finish_progress();
  Json::Object members = verify_members(report, archive);
  if (verified.parity) members.emplace_back("parity", parity_state_json(*verified.parity));
  console.document(std::move(members));
  console.result(fmt::format("{} is whole: {}, {}, {}", archive == "-" ? "standard input" : archive,
                             count_images(report.images, report.bundles, report.referrers), count(report.blobs, "blob"),
                             text::human_bytes(report.archive_bytes)));
  if (verified.parity) print_parity_state(*verified.parity, console);
  if (report.fingerprint) {
    console.result(fingerprint_line(*report.fingerprint));
    return print_delta(report.delta, console);
  }
  console.result(
      fmt::format("unsealed {}: every blob has its digest and none is missing; what no digest covers, such as "
                  "names, headers and other members, was not checked",
                  report.format));
}

}  // namespace

const Command kVerifyCommand{
    .name = "verify",
    .summary = "Check every byte of an archive and that nothing is missing; needs no network",
    .usage = "ociferry verify ARCHIVE.tar [options]",
    .examples =
        "  # Read all of an archive before anything is done with it\n"
        "  ociferry verify /media/usb/apps.tar\n"
        "  # The same, and that it is the archive whose fingerprint the other side has read out\n"
        "  ociferry verify /media/usb/apps.tar --fingerprint 3f0c-91aa-27d5-e8b4-0c6e-5d12-b7a9-44f1\n",
    .common = CommonOptions::Jobs,
    .unpacks = true,
    .declare = declare_verify,
    .run = run_verify,
};

}  // namespace ociferry
