#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/archive_form.hpp"
#include "cli/command.hpp"
#include "cli/destination_options.hpp"
#include "cli/plain_sources.hpp"
#include "cli/plan_output.hpp"
#include "cli/selection_options.hpp"
#include "cli/stream_option.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "ferry/write/archive_output.hpp"

namespace ociferry {

namespace {

void declare_copy(Arguments& arguments) {
  if (arguments.called_as() == CalledAs::Ociferry) arguments.positional("REF");
  declare_source(arguments, false);
  if (arguments.called_as() == CalledAs::Ociferry) declare_patterns(arguments);
  if (arguments.called_as() == CalledAs::Ociferry) {
    arguments.repeated("tar", "FILE", "Archive to copy from (can be repeated)");
  } else {
    arguments.text("tar", "FILE", "Archive to copy from");
  }
  if (arguments.called_as() == CalledAs::Ociferry) {
    arguments.repeated("base", "FILE",
                       "With --tar: an archive to take layers from that these leave out (can be repeated)");
  }
  arguments.text("to-tar", "FILE", "Archive to copy to");
  if (arguments.called_as() == CalledAs::Ociferry) declare_blocking_factor(arguments);
  declare_destination(arguments, Destinations::One);
  arguments.flag("cosign-signatures", "Take the images' cosign signatures (tags sha256-<hex>.sig) along");
  const bool by_default = arguments.called_as() == CalledAs::Ociferry;
  arguments.toggle("with-referrers", by_default,
                   fmt::format("Take signatures, attestations, SBOMs and what else is attached to images along "
                               "(default: {})",
                               by_default));
  arguments.flag("verify-first", "With --tar: check every byte of the archive before the first write");
  arguments.flag("include-non-distributable-layers", "Take layers along that may not be redistributed");
  arguments.flag("force", "With --to-tar: replace a file of that name even if it is not an archive");
  arguments.flag("resume", "With --to-tar: go on with what an earlier run has left (always done)");
  if (arguments.called_as() == CalledAs::Ociferry) {
    declare_platform(arguments);
    declare_written_form(arguments);
    declare_volume_search(arguments);
  }
  declare_dry_run(arguments);
}

/// All references and lock files that were given.
std::vector<SourceArgument> all_sources(const Arguments& arguments) {
  std::vector<SourceArgument> sources = single_sources_of(arguments);
  for (const std::string& word : arguments.positional_values()) sources.push_back({SourceArgument::Kind::Either, word});
  return sources;
}

std::vector<std::filesystem::path> tars_given(const Arguments& arguments) {
  const auto archives = arguments.list_of("tar");
  return {archives.begin(), archives.end()};
}

std::vector<std::filesystem::path> bases_given(const Arguments& arguments) {
  if (arguments.called_as() == CalledAs::Imgpkg) return {};
  const auto archives = arguments.list_of("base");
  return {archives.begin(), archives.end()};
}

/// A word without an option, beside a source with one, is most likely the destination.
void check_word(const Arguments& arguments) {
  if (arguments.positional_values().empty()) return;
  const std::string& word = arguments.positional_values().front();
  if (all_sources(arguments).size() == 1 && !arguments.is_set("tar")) {
    static_cast<void>(plain_source(word));
    return;
  }
  Error error(ErrorCode::Usage, fmt::format("'{}' is one source too many", word));
  if (arguments.is_set("to-repo")) throw error;
  throw std::move(error).hint("give it with --to-repo");
}

void check(const Arguments& arguments) {
  check_word(arguments);
  const std::size_t sources = all_sources(arguments).size() + (arguments.is_set("tar") ? 1 : 0);
  if (sources != 1) {
    throw Error(ErrorCode::Usage, "Expected either --lock, --bundle (-b), --image (-i), or --tar as a source");
  }
  const bool to_registry = arguments.is_set("to-repo") || arguments.is_set("to-registry");
  if (to_registry == arguments.is_set("to-tar")) {
    throw Error(ErrorCode::Usage, "Expected either --to-tar or --to-repo")
        .hint("or give --to-registry, where each image keeps its own name");
  }
  check_destination(arguments);
  for (const std::string option : {"volume-size", "parity", "verify-medium"}) {
    if (arguments.called_as() != CalledAs::Ociferry || !to_registry || !arguments.is_set(option)) continue;
    throw Error(ErrorCode::Usage, text::cat("--", option, " goes with --to-tar only"));
  }
  if (arguments.on("force") && !arguments.is_set("to-tar"))
    throw Error(ErrorCode::Usage, "--force goes with --to-tar only");
  if (arguments.on("resume") && !arguments.is_set("to-tar")) {
    throw Error(ErrorCode::Usage, "Flag --resume can only be used when copying to tar");
  }
  if (arguments.is_set("verify-first") && !(arguments.is_set("tar") && to_registry)) {
    throw Error(ErrorCode::Usage, "--verify-first goes with --tar and --to-repo only");
  }
  if (!bases_given(arguments).empty() && !arguments.is_set("tar")) {
    throw Error(ErrorCode::Usage, "--base goes with --tar only");
  }
  if (arguments.is_set("with-referrers") && arguments.is_set("tar")) {
    throw Error(ErrorCode::Usage,
                "--with-referrers does not go with --tar: what an archive holds is always taken along");
  }
  if (arguments.is_set("lock-output") && arguments.is_set("to-tar")) {
    throw Error(ErrorCode::Usage, "cannot output lock file with tar destination");
  }
}

GatherOptions gather_options(const Arguments& arguments) {
  const Referrers signatures = arguments.on("cosign-signatures") ? Referrers::CosignSignatures : Referrers::None;
  return {.referrers = arguments.on("with-referrers") ? Referrers::All : signatures,
          .nondistributable_layers = arguments.on("include-non-distributable-layers"),
          .selection = selection_of(arguments, false)};
}

ImportOptions import_options(const Arguments& arguments, const RelocateOptions& relocate) {
  const GatherOptions gather = gather_options(arguments);
  return {.archives = tars_given(arguments),
          .relocate = relocate,
          .selection = gather.selection,
          .verify_first = arguments.on("verify-first"),
          .nondistributable_layers = gather.nondistributable_layers,
          .bases = bases_given(arguments)};
}

CopyOptions copy_options(const Arguments& arguments, const RelocateOptions& relocate) {
  return {.source = all_sources(arguments).front(), .gather = gather_options(arguments), .relocate = relocate};
}

TransferReport copy_to_repository(const Arguments& arguments, const RelocateOptions& relocate, const Context& context) {
  if (arguments.is_set("tar")) return import_archive(import_options(arguments, relocate), context);
  return copy(copy_options(arguments, relocate), context);
}

ImportPlan plan_for_repository(const Arguments& arguments, const RelocateOptions& relocate, const Context& context) {
  if (arguments.is_set("tar")) return plan_import(import_options(arguments, relocate), context);
  return plan_copy(copy_options(arguments, relocate), context);
}

/// imgpkg writes one file of any name, and replaces an existing one.
WrittenForm form_of(const Arguments& arguments, const std::string& archive) {
  if (arguments.called_as() == CalledAs::Imgpkg) return {.output = archive, .force = true};
  return written_form_of(arguments, archive);
}

ConvertOptions convert_options(const Arguments& arguments, const WrittenForm& form) {
  const GatherOptions gather = gather_options(arguments);
  return {.archives = tars_given(arguments),
          .output = form.output,
          .selection = gather.selection,
          .nondistributable_layers = gather.nondistributable_layers,
          .force = form.force,
          .bases = bases_given(arguments),
          .volumes = form.volumes,
          .verify_medium = form.verify_medium};
}

ExportOptions export_options(const Arguments& arguments, const WrittenForm& form) {
  return {.sources = all_sources(arguments),
          .gather = gather_options(arguments),
          .archive = form.output,
          .force = form.force,
          .volumes = form.volumes,
          .verify_medium = form.verify_medium};
}

TransferReport copy_to_archive(const Arguments& arguments, const WrittenForm& form, const Context& context) {
  const bool can_stream = arguments.called_as() == CalledAs::Ociferry;  // imgpkg writes a file of that name
  if (const auto stream = can_stream ? stream_of(arguments, form.output) : std::nullopt) {
    if (arguments.is_set("tar")) return convert_to_stream(convert_options(arguments, form), *stream, context);
    return export_to_stream(export_options(arguments, form), *stream, context);
  }
  if (arguments.is_set("tar")) return convert_archive(convert_options(arguments, form), context);
  return export_archive(export_options(arguments, form), context);
}

ExportPlan plan_for_archive(const Arguments& arguments, const WrittenForm& form, const Context& context) {
  if (arguments.is_set("tar")) return plan_conversion(convert_options(arguments, form), context);
  return plan_export(export_options(arguments, form), context);
}

void run_copy_to_archive(const Arguments& arguments, const std::string& archive, const Context& context,
                         Console& console) {
  const bool tells = arguments.called_as() == CalledAs::Ociferry;
  if (tells) check_archive_name(archive);
  const WrittenForm form = form_of(arguments, archive);
  if (const auto dry_run = dry_run_of(arguments)) {
    ExportPlan plan = plan_for_archive(arguments, form, context);
    plan_form(plan, form);
    return print_export_plan(plan, archive, *dry_run, console);
  }
  const TransferReport report = copy_to_archive(arguments, form, context);
  const auto protection = protect_written(form, report.fingerprint, context);
  const WrittenParts parts{report.volumes, report.medium, protection};
  console.finish_progress();
  Json::Object members = export_members(report, archive);
  add_form_members(members, parts);
  console.document(std::move(members));
  if (!tells) return;
  print_archives(report.archives, console);
  print_export(report, shown_archive(archive), console);
  print_form(form, parts, console);
}

void run_copy_to_registry(const Arguments& arguments, const Context& context, Console& console) {
  const RelocateOptions relocate = relocate_options(arguments);
  if (const auto dry_run = dry_run_of(arguments)) {
    return print_plan(plan_for_repository(arguments, relocate, context), relocate, *dry_run, console);
  }
  const TransferReport report = copy_to_repository(arguments, relocate, context);
  console.finish_progress();
  console.document(relocation_members(report, relocate));
  if (arguments.called_as() == CalledAs::Imgpkg) return;  // it prints no result
  print_archives(report.archives, console);
  print_relocation(report, relocate, console);
}

void run_copy(const Arguments& arguments, Context& context, Console& console) {
  check(arguments);
  if (arguments.called_as() == CalledAs::Ociferry) {
    context.volumes = volume_search_of(arguments, context.stop, console);
  }
  CopyProgress progress(*context.progress, arguments.called_as());
  context.progress = &progress;
  if (const auto archive = arguments.optional_text("to-tar")) {
    run_copy_to_archive(arguments, *archive, context, console);
  } else {
    run_copy_to_registry(arguments, context, console);
  }
  progress.finish();
}

}  // namespace

const Command kCopyCommand{
    .name = "copy",
    .summary = "Copy between registries, or like export and import",
    .usage =
        "ociferry copy (REF | -b REF | -i REF | --lock FILE | --tar ARCHIVE) (--to-repo REGISTRY/REPOSITORY | "
        "--to-registry "
        "REGISTRY[/PREFIX] | --to-tar ARCHIVE) [options]",
    .examples =
        "  # Carry a bundle from one registry to another\n"
        "  ociferry copy registry.example.com/team/app:v1 --to-repo registry.internal/team/app\n"
        "  # Through a file, where there is no network between them\n"
        "  ociferry copy -b registry.example.com/team/app:v1 --to-tar app.tar\n"
        "  ociferry copy --tar app.tar --to-repo registry.internal/team/app --lock-output app.lock.yml\n",
    .common = CommonOptions::Registry,
    .unpacks = true,
    .declare = declare_copy,
    .run = run_copy,
};

}  // namespace ociferry
