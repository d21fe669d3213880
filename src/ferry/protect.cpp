#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "ferry/gather/parity_reading.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/inputs_stay.hpp"
#include "ferry/write/parity_output.hpp"
#include "ferry/write/sums_file.hpp"
#include "layout/sealed/volume_set.hpp"
#include "medium/file_medium.hpp"
#include "medium/input_stream.hpp"
#include "ociferry/error.hpp"
#include "ociferry/parity.hpp"
#include "parity/parity_header.hpp"
#include "parity/write_parity.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr unsigned kMostPercent = 100;

void check_percent(const ParityRule& rule) {
  if (rule.percent >= 1 && rule.percent <= kMostPercent) return;
  throw Error(ErrorCode::Usage, text::cat(rule.percent, " percent of parity: it can be 1 to ", kMostPercent));
}

/// The bytes of an archive, in one file or in volumes.
std::unique_ptr<Medium> bytes_of(const fs::path& archive, const Context& context) {
  if (auto set = find_volumes(archive, context.volumes, silent_progress())) {
    return open_volumes(*std::move(set), archive, context.volumes);
  }
  if (auto medium = open_medium(archive)) return medium;
  throw Error(ErrorCode::Usage,
              text::cat(archive.string(), " is no file: parity is of an archive in one, or in volumes"))
      .hint("pack the directory, or write the stream to a file, and protect that");
}

/// `name` of the archive: "OUT".
ProtectReport protect(const fs::path& archive, const std::string& name, const std::optional<Digest>& fingerprint,
                      const ParityRule& rule, const ParityOutput& output, const Context& context) {
  const auto medium = bytes_of(archive, context);
  const ParityShape shape = choose_parity_shape(medium->size(), rule.percent);
  const std::uint64_t bytes = ParityLayout(shape).total_bytes();
  const RawDigest set = fingerprint ? raw_digest(*fingerprint) : RawDigest{};
  const ParityWatch watch{*context.progress, context.stop};
  ProtectReport report{.archive_bytes = shape.archive_bytes,
                       .block_bytes = shape.block_bytes,
                       .row_blocks = shape.columns,
                       .parity_blocks = shape.parity_columns,
                       .parity_bytes = bytes};
  report.files = output.there(bytes);
  if (report.files.empty() || !is_whole_parity(report.files.front(), shape, set, context)) {
    report.files = output.write(bytes, [&](OutputMedium& to) { write_parity(*medium, shape, set, to, watch); });
  }
  write_parity_sums(output.directories(), name, output.name(), report.files, context);
  return report;
}

/// Throws Error{Usage} if a file that is read would be replaced by the parity `output`, or by a volume of it.
void check_parity_replaces_none(const std::vector<fs::path>& archives, const fs::path& output,
                                const VolumeSearch& search) {
  const fs::path file = behind_links(output);
  const VolumeRule volumes{.bytes = 1};  // of any size: those of earlier parity are removed, too
  for (const VolumeRule& rule : {VolumeRule(), volumes}) check_inputs_stay({.bases = archives}, file, rule, search);
}

ParityPlace parity_beside(const fs::path& archive, const VolumeRule& volumes, const ParityRule& rule, bool force) {
  return {.output = archive.string() + std::string(kParitySuffix),
          .force = force,
          .volume_bytes = rule.volume_bytes,
          .anywhere = volumes.directories};
}

}  // namespace

ProtectReport protect_archive(const ProtectOptions& options, const Context& given) {
  check_percent(options.parity);
  Context context = given;
  context.volumes.ask = nullptr;  // all of an archive is read side by side: one after the other will not do
  if (is_standard_input(options.archive)) static_cast<void>(bytes_of(options.archive, context));
  const fs::path beside = parity_path_of(options.archive, context);
  const fs::path& file = options.output.empty() ? beside : options.output;
  std::vector<fs::path> read = options.bases;
  read.push_back(options.archive);
  check_parity_replaces_none(read, file, context.volumes);
  const ParityOutput output({.output = file, .force = options.force, .volume_bytes = options.parity.volume_bytes});
  const VerifyReport verified = verify({.archive = options.archive, .bases = options.bases}, context);
  return protect(options.archive, beside.stem().string(), verified.fingerprint, options.parity, output, context);
}

void add_parity(ExportPlan& plan, const ParityRule& parity) {
  check_percent(parity);
  plan.parity_bytes = ParityLayout(choose_parity_shape(plan.archive_bytes, parity.percent)).total_bytes();
  const bool is_on_several = std::ranges::any_of(plan.volumes, [&](const PlannedVolume& volume) {
    return volume.path.parent_path() != plan.volumes.front().path.parent_path();
  });
  if (is_on_several) return;  // whoever planned the volumes had VolumeRule::parity_percent
  const std::uint64_t left = plan.archive_bytes - std::min(plan.archive_bytes, plan.partial_bytes);
  if (plan.lack_of_room || plan.free_bytes >= left + plan.parity_bytes) return;
  plan.lack_of_room = text::cat("there is room for the archive, but not for ", plan.parity_bytes,
                                " bytes of parity beside it: ", plan.free_bytes, " bytes are free");
}

void check_parity_output(const fs::path& archive, const VolumeRule& volumes, const ParityRule& parity, bool force) {
  check_percent(parity);
  static_cast<void>(ParityOutput(parity_beside(archive, volumes, parity, force)));
}

ProtectReport protect_export(const fs::path& archive, const VolumeRule& volumes, const Digest& fingerprint,
                             const ParityRule& parity, bool force, const Context& context) {
  check_percent(parity);
  const ParityOutput output(parity_beside(archive, volumes, parity, force));
  const std::string name = archive.filename().string();
  fs::path written = archive;
  if (volumes.divides()) written.replace_filename(volume_list_name(name));
  Context reading = context;
  if (!volumes.directories.empty()) {
    const fs::path list = written;
    written = volumes.directories.front() / list;
    for (const fs::path& directory : volumes.directories) {  // a full one may have no list
      std::error_code unknown;
      if (!fs::exists(written, unknown)) written = directory / list;
    }
    reading.volumes = {.directories = volumes.directories};
  }
  try {
    if (volumes.directories.empty()) {
      check_parity_replaces_none({written}, archive.string() + std::string(kParitySuffix), reading.volumes);
    }
    return protect(written, name, fingerprint, parity, output, reading);
  } catch (Error& error) {
    error.while_doing(text::cat("making the parity of ", archive.string(), ", which is complete"));
    error.hint(text::cat("the archive can be used; for its parity: ociferry protect ", written.string(),
                         volumes.directories.empty() ? "" : " -o FILE.parity, where there is room for it"));
    throw;
  }
}

}  // namespace ociferry
