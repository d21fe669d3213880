#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/compact_options.hpp"
#include "cli/medium_option.hpp"
#include "cli/parity_options.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "ferry/gather/named_archives.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

void declare_verify(Arguments& arguments) {
  arguments.positional("ARCHIVE", true);
  declare_bases(arguments);
  declare_volume_search(arguments);
  declare_parity_file(arguments);
  arguments.text("fingerprint", "F", "Fail unless the archive has this fingerprint, as export and inspect show it");
  arguments.flag("medium",
                 "Read from the medium itself, past the cache, and say at which offset it returns something else");
  arguments.text("scrub", "LOGFILE", "Append a dated line with the result, and say since when an archive was right");
}

/// What to verify each archive by.
struct Verification {
  VerifyOptions options = {};
  std::string parity = {};     ///< empty: what lies beside the archive
  std::string scrub_log = {};  ///< empty: none

  [[nodiscard]] ParityVerifyReport of(const std::string& archive, const Context& context) const {
    VerifyOptions one = options;
    one.archive = archive;
    return verify_with_parity(one, parity, context, scrub_log);
  }
};

Json::Object members_of(const ParityVerifyReport& report, const std::string& archive) {
  Json::Object members = verify_members(report.archive, archive);
  add_storage_member(members, report.archive.compact);
  if (report.parity) members.emplace_back("parity", parity_state_json(*report.parity));
  add_medium_member(members, report.archive.medium);
  return members;
}

void print_verified(const ParityVerifyReport& verified, const std::string& archive, Console& console) {
  const VerifyReport& report = verified.archive;
  console.result(fmt::format("{} is whole: {}, {}, {}", archive == "-" ? "standard input" : archive,
                             count_images(report.images, report.bundles, report.referrers), count(report.blobs, "blob"),
                             text::human_bytes(report.archive_bytes)));
  print_medium(report.medium, console);
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

/// Goes on after one that is not right, and fails in the end.
void verify_all(const std::vector<std::string>& archives, const Verification& verification, const Context& context,
                Console& console) {
  Json::Array all;
  std::vector<std::string> lines;
  std::optional<Error> first;
  for (const std::string& archive : archives) {
    try {
      const ParityVerifyReport report = verification.of(archive, context);
      console.finish_progress();
      print_verified(report, archive, console);
      all.emplace_back(members_of(report, archive));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::Interrupted || error.code() == ErrorCode::Internal) throw;
      console.finish_progress();
      lines.push_back(error.message());
      all.emplace_back(Json::Object{{"archive", archive}, {"error", error.message()}});
      if (!first) first = error;
    }
  }
  console.document({{"archives", std::move(all)}});
  if (!first) return;
  throw Error(first->code(), fmt::format("{} of {} archives are not right:{}", lines.size(), archives.size(),
                                         text::listed(lines, archives.size())))
      .hint(first->hint_text());
}

void run_verify(const Arguments& arguments, Context& context, Console& console) {
  const std::vector<std::string>& words = arguments.positional_values();
  if (words.empty()) throw Error(ErrorCode::Usage, "No archive to verify: name one, or several");
  context.volumes = volume_search_of(arguments, context.stop, console);
  context.volumes = search_among({words.begin(), words.end()}, context.volumes);
  std::vector<std::string> archives;
  for (const auto& path : each_set_once({words.begin(), words.end()}, context.volumes)) {
    archives.push_back(path.string());
  }
  const Verification verification{.options = {.archive = {},
                                              .fingerprint = arguments.text_of("fingerprint"),
                                              .medium = arguments.on("medium"),
                                              .bases = paths_of(arguments, "base")},
                                  .parity = arguments.optional_text("parity").value_or(""),
                                  .scrub_log = arguments.optional_text("scrub").value_or("")};
  if (archives.size() > 1) {
    for (const char* option : {"fingerprint", "parity"}) {
      if (arguments.is_set(option)) {
        throw Error(ErrorCode::Usage, fmt::format("--{} is of one archive: name only that", option));
      }
    }
    return verify_all(archives, verification, context, console);
  }
  const ParityVerifyReport report = verification.of(archives.front(), context);
  console.finish_progress();
  console.document(members_of(report, archives.front()));
  print_verified(report, archives.front(), console);
}

}  // namespace

const Command kVerifyCommand{
    .name = "verify",
    .summary = "Check every byte of an archive and that nothing is missing; needs no network",
    .usage = "ociferry verify ARCHIVE.tar... [options]",
    .examples =
        "  # Read all of an archive before anything is done with it\n"
        "  ociferry verify /media/usb/apps.tar\n"
        "  # The same, and that it is the archive whose fingerprint the other side has read out\n"
        "  ociferry verify /media/usb/apps.tar --fingerprint 3f0c-91aa-27d5-e8b4-0c6e-5d12-b7a9-44f1\n"
        "  # Right after copying: what the stick itself returns, not what is still in memory\n"
        "  ociferry verify --medium /media/usb/apps.tar\n"
        "  # Every month: what lies in the safe, with a log\n"
        "  ociferry verify --medium --scrub /var/log/archives.scrub /media/safe/a.tar /media/safe/b.tar\n",
    .common = CommonOptions::Jobs,
    .unpacks = true,
    .declare = declare_verify,
    .run = run_verify,
};

}  // namespace ociferry
