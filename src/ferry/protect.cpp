#include <algorithm>

#include "base/text.hpp"
#include "ferry/deliver/parity_output.hpp"
#include "ferry/gather/parity_reading.hpp"
#include "layout/sealed/volume_set.hpp"
#include "medium/file_medium.hpp"
#include "medium/input_stream.hpp"
#include "ociferry/error.hpp"
#include "ociferry/parity.hpp"
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
    return open_volumes(*std::move(set), archive, context.volumes, silent_progress());
  }
  if (auto medium = open_medium(archive)) return medium;
  throw Error(ErrorCode::Usage,
              text::cat(archive.string(), " is no file: parity is of an archive in one, or in volumes"))
      .hint("pack the directory, or write the stream to a file, and protect that");
}

ProtectReport protect(const fs::path& archive, const std::optional<Digest>& fingerprint, const ParityRule& rule,
                      const ParityOutput& output, const Context& context) {
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
  report.files =
      output.write(bytes, rule.volume_bytes, [&](OutputMedium& to) { write_parity(*medium, shape, set, to, watch); });
  return report;
}

}  // namespace

ProtectReport protect_archive(const ProtectOptions& options, const Context& context) {
  check_percent(options.parity);
  if (is_standard_input(options.archive)) static_cast<void>(bytes_of(options.archive, context));
  const fs::path beside = options.output.empty() ? parity_path_of(options.archive, context) : options.output;
  const ParityOutput output(beside, options.force);
  const VerifyReport verified = verify({.archive = options.archive}, context);
  return protect(options.archive, verified.fingerprint, options.parity, output, context);
}

void add_parity(ExportPlan& plan, const ParityRule& parity) {
  check_percent(parity);
  plan.parity_bytes = ParityLayout(choose_parity_shape(plan.archive_bytes, parity.percent)).total_bytes();
  const std::uint64_t left = plan.archive_bytes - std::min(plan.archive_bytes, plan.partial_bytes);
  if (plan.lack_of_room || plan.free_bytes >= left + plan.parity_bytes) return;
  plan.lack_of_room = text::cat("there is room for the archive, but not for ", plan.parity_bytes,
                                " bytes of parity beside it: ", plan.free_bytes, " bytes are free");
}

void check_parity_output(const fs::path& archive, const VolumeRule& volumes, const ParityRule& parity, bool force) {
  check_percent(parity);
  if (!volumes.directories.empty()) {
    throw Error(ErrorCode::Usage, "parity does not go with --volume-size fit: that fills the directories")
        .hint(
            "export without parity, and then say where there is room for it: ociferry protect ARCHIVE -o FILE.parity");
  }
  static_cast<void>(ParityOutput(archive.string() + ".parity", force));
}

ProtectReport protect_export(const fs::path& archive, const VolumeRule& volumes, const Digest& fingerprint,
                             const ParityRule& parity, bool force, const Context& context) {
  check_parity_output(archive, volumes, parity, force);
  const ParityOutput output(archive.string() + ".parity", force);
  const fs::path written =
      volumes.divides() ? fs::path(archive).replace_filename(volume_list_name(archive.filename().string())) : archive;
  try {
    return protect(written, fingerprint, parity, output, context);
  } catch (Error& error) {
    error.while_doing(text::cat("making the parity of ", archive.string(), ", which is complete"));
    error.hint(text::cat("the archive can be used; for its parity: ociferry protect ", archive.string()));
    throw;
  }
}

}  // namespace ociferry
