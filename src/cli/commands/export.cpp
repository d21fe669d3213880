#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cli/archive_form.hpp"
#include "cli/command.hpp"
#include "cli/compact_options.hpp"
#include "cli/forecast_output.hpp"
#include "cli/medium_option.hpp"
#include "cli/parity_options.hpp"
#include "cli/plain_sources.hpp"
#include "cli/plan_output.hpp"
#include "cli/selection_options.hpp"
#include "cli/stream_option.hpp"
#include "cli/tool_option.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "ferry/write/archive_output.hpp"

namespace ociferry {

namespace {

void declare_export(Arguments& arguments) {
  arguments.positional("REF", true);
  declare_source(arguments, true);
  arguments.repeated("images-file", "FILE",
                     "Bundles and images, one reference a line; - reads standard input (can be repeated)");
  declare_patterns(arguments);
  arguments.text("output,o", "FILE", "The archive to write; - is standard output");
  arguments.require("output");
  arguments.repeated("have", "FILE",
                     "Leave out the layers that the receiver has by this have-list, archive, or seal taken out of an "
                     "archive (can be repeated)");
  arguments.flag("for-each-site",
                 "Each --have is about another receiver: leave out only what all of them have, so that one archive "
                 "serves all");
  arguments.flag("force", "Replace a file of that name even if it is not an archive");
  arguments.toggle("with-referrers", true,
                   "Take signatures, attestations, SBOMs and what else is attached to images along (default: true)");
  arguments.flag("include-non-distributable-layers", "Take layers along that may not be redistributed");
  declare_platform(arguments);
  declare_volume_size(arguments);
  declare_parity_percent(arguments);
  arguments.word(
      "compact", "fast|small", "fast",
      "Write a compact archive: layers unpacked, and each file once; needs room for the plain one beside it");
  declare_since(arguments);
  declare_work_directory(arguments);
  declare_tool(arguments);
  declare_verify_medium(arguments);
  declare_volume_search(arguments);
  declare_blocking_factor(arguments);
  declare_dry_run(arguments);
  declare_cores(arguments);
}

/// All that were given, in any way.
std::vector<SourceArgument> all_sources(const Arguments& arguments, const std::stop_token& stop) {
  std::vector<SourceArgument> sources = sources_of(arguments);
  for (const std::string& word : arguments.positional_values()) sources.push_back(plain_source(word));
  const std::vector<std::string> files = arguments.list_of("images-file");
  if (std::ranges::count(files, "-") > (arguments.on("registry-password-stdin") ? 0 : 1)) {
    throw Error(ErrorCode::Usage, "standard input can be read once only");
  }
  for (const std::string& file : files) std::ranges::move(read_images_file(file, stop), std::back_inserter(sources));
  return sources;
}

/// The program that goes beside the archive.
struct Tool {
  CarriedToolOptions options;
  std::vector<CarriedProgram> programs;

  [[nodiscard]] std::uint64_t bytes() const {
    constexpr std::uint64_t kPage = 64 * 1024;  // more than README.txt has
    std::uint64_t sum = kPage;
    for (const CarriedProgram& program : programs) sum += program.content.size();
    return sum;
  }
};

std::optional<Tool> tool_beside(const Arguments& arguments, const ExportOptions& options) {
  if (options.archive == "-" && arguments.is_set("with-tool")) {
    throw Error(ErrorCode::Usage, "--with-tool needs a file to put the tool beside");
  }
  const auto& directories = options.volumes.directories;
  auto tool = tool_of(arguments, directories.empty() ? options.archive : directories.front() / options.archive);
  if (!tool) return std::nullopt;
  if (options.volumes.divides() && arguments.is_set("sum-archive")) {
    throw Error(ErrorCode::Usage,
                "--sum-archive does not go with --volume-size: all volumes have a line in SHA256SUMS");
  }
  auto programs = read_carried_tool(*tool);
  return Tool{*std::move(tool), std::move(programs)};
}

/// Puts the program, if there is one, beside an archive that was written.
std::optional<CarriedToolReport> put_beside(std::optional<Tool> tool, const std::vector<WrittenVolume>& volumes,
                                            const Digest& fingerprint, const Context& context) {
  if (!tool) return std::nullopt;
  tool->options.volumes = volumes;
  return write_carried_tool(tool->options, tool->programs, fingerprint, context);
}

bool is_compact(const Arguments& arguments) { return arguments.is_set("compact") || arguments.is_set("since"); }

/// Options about files that a compact archive does not have.
void check_compact(const Arguments& arguments, const ExportOptions& options) {
  static_cast<void>(effort_of(arguments.text_of("compact")));
  if (options.archive == "-") throw Error(ErrorCode::Usage, "--compact needs a file: it is written in a second pass");
}

CompactExportOptions compact_options_of(const Arguments& arguments, const ExportOptions& options) {
  return {.plain = options,
          .effort = effort_of(arguments.text_of("compact")),
          .since = paths_of(arguments, "since"),
          .work_directory = arguments.text_of("work-dir")};
}

void run_compact_export(const Arguments& arguments, const ExportOptions& options, std::optional<Tool> tool,
                        const WrittenForm& form, const Context& context, Console& console) {
  const CompactExport result = export_compact(compact_options_of(arguments, options), context);
  const auto carried = put_beside(std::move(tool), result.compact.volumes, result.compact.fingerprint, context);
  const auto protection = protect_written(form, result.compact.fingerprint, context);
  console.finish_progress();
  Json::Object members = export_members(result.plain, options.archive.string());
  members.emplace_back("compact", compact_members(result.compact, options.archive.string()));
  if (carried) add_tool_members(members, *carried);
  if (protection) members.emplace_back("parity", parity_members(*protection));
  console.document(std::move(members));
  print_compact_export(result.plain, options.archive.string(), console);
  print_compact(result.compact, options.archive.string(), console);
  if (protection) print_parity(*protection, console);
  if (carried) print_tool(*carried, console);
}

void plan_compact_export(const Arguments& arguments, const ExportOptions& options,
                         const std::optional<ParityRule>& parity, const DryRun& dry_run, const Context& context,
                         Console& console) {
  const CompactExportPlan plan =
      plan_export_compact(compact_options_of(arguments, options), forecast_rule_of(arguments, parity), context);
  print_export_plan(plan.plain, options.archive.string(), dry_run, console,
                    {{"compact", forecast_json(plan.compact, dry_run)}});
  print_forecast(plan.compact, options.volumes, dry_run, console);
}

void check_export(const Arguments& arguments, const ExportOptions& options) {
  if (options.for_each_site && options.have.size() < 2)
    throw Error(ErrorCode::Usage, "--for-each-site goes with a --have for each of several sites");
  if (options.sources.empty())
    throw Error(ErrorCode::Usage, "Nothing to export: name bundles and images, or give --lock or --images-file");
  if (options.archive.empty()) throw Error(ErrorCode::Usage, "No archive to write: give --output (-o)");
  if (arguments.is_set("cores") && !(is_compact(arguments) && arguments.on("dry-run"))) {
    throw Error(ErrorCode::Usage, "--cores goes with --dry-run of a compact archive only");
  }
  if (is_compact(arguments)) return check_compact(arguments, options);
  if (arguments.is_set("work-dir")) throw Error(ErrorCode::Usage, "--work-dir goes with --compact and --since only");
  check_archive_name(options.archive.string());
}

/// An archive that is no compact one, and what goes beside it.
void run_plain_export(const Arguments& arguments, const ExportOptions& options, std::optional<Tool> tool,
                      const WrittenForm& form, const Context& context, Console& console) {
  TransferReport report;
  std::optional<CarriedToolReport> carried;
  if (const auto stream = stream_of(arguments, options.archive.string())) {
    report = export_to_stream(options, *stream, context);
  } else {
    report = export_archive(options, context);
    carried = put_beside(std::move(tool), report.volumes, *report.fingerprint, context);
  }
  const auto protection = protect_written(form, report.fingerprint, context);
  const WrittenParts parts{report.volumes, report.medium, protection};
  console.finish_progress();
  Json::Object members = export_members(report, options.archive.string());
  add_form_members(members, parts);
  if (carried) add_tool_members(members, *carried);
  console.document(std::move(members));
  print_export(report, shown_archive(options.archive.string()), console);
  print_form(form, parts, console);
  if (carried) print_tool(*carried, console);
}

void run_export(const Arguments& arguments, Context& context, Console& console) {
  ExportOptions options{.sources = all_sources(arguments, context.stop),
                        .gather = {.referrers = arguments.on("with-referrers") ? Referrers::All : Referrers::None,
                                   .nondistributable_layers = arguments.on("include-non-distributable-layers"),
                                   .selection = selection_of(arguments, false)},
                        .archive = arguments.text_of("output"),
                        .force = arguments.on("force"),
                        .have = paths_of(arguments, "have"),
                        .for_each_site = arguments.on("for-each-site")};
  check_export(arguments, options);
  context.volumes = volume_search_of(arguments, context.stop, console);
  WrittenForm form = written_form_of(arguments, options.archive.string());
  options.verify_medium = form.verify_medium;
  options.volumes = form.volumes;
  std::optional<Tool> tool = tool_beside(arguments, options);
  if (tool) form.volumes.kept_bytes = options.volumes.kept_bytes = tool->bytes();
  if (const auto dry_run = dry_run_of(arguments)) {
    if (is_compact(arguments)) return plan_compact_export(arguments, options, form.parity, *dry_run, context, console);
    ExportPlan plan = plan_export(options, context);
    plan_form(plan, form);
    return print_export_plan(plan, options.archive.string(), *dry_run, console);
  }
  if (is_compact(arguments)) return run_compact_export(arguments, options, std::move(tool), form, context, console);
  run_plain_export(arguments, options, std::move(tool), form, context, console);
}

}  // namespace

const Command kExportCommand{
    .name = "export",
    .summary = "Write bundles, and everything they reference, into one archive",
    .usage = "ociferry export (REF | -b REF | -i REF | --lock FILE | --images-file FILE)... -o ARCHIVE.tar [options]",
    .examples =
        "  # Two bundles, with all images they need, on one stick\n"
        "  ociferry export -b registry.example.com/a:v1 -b registry.example.com/b:v2 -o /media/usb/apps.tar\n"
        "  # The same on several sticks of FAT\n"
        "  ociferry export -b registry.example.com/a:v1 --volume-size fit:/media/a,/media/b -o apps.tar\n"
        "  # What a list names, bundles or images\n"
        "  ociferry export --images-file images.txt -o /media/usb/apps.tar\n"
        "  # An update, without the layers that the other side has: by the list that it sent, or by an older archive\n"
        "  ociferry export -b registry.example.com/a:v2 --have have.json -o /media/usb/update.tar\n"
        "  # Through a connection, without a file\n"
        "  ociferry export registry.example.com/a:v1 -o - | ssh gate ociferry import - --to-repo registry.internal/a\n",
    .common = CommonOptions::Registry,
    .unpacks = true,
    .declare = declare_export,
    .run = run_export,
};

}  // namespace ociferry
