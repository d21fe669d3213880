#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "ferry/gather/parity_reading.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/inputs_stay.hpp"
#include "ferry/write/parity_output.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/input_stream.hpp"
#include "medium/partial_file.hpp"
#include "ociferry/error.hpp"
#include "ociferry/parity.hpp"
#include "ociferry/scrub.hpp"
#include "parity/rebuild.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

std::string with_lines(std::string_view first, const std::vector<std::string>& lines) {
  return text::cat(first, text::listed(lines, lines.size()));
}

constexpr std::string_view kBeyondRepair =
    "take the archive from the sender again, or only the volumes in which most is lost: then the rest may be repaired";

/// Throws if what is read would be replaced, or emptied as the unfinished output, also with `force`. Of parity
/// and of damaged sets, check_inputs_stay() does not know the files.
void check_no_input(const fs::path& output, const ProtectedArchive& both) {
  std::vector<fs::path> inputs;
  for (const PatchworkMedium::Piece& piece : both.parity_medium->pieces()) inputs.emplace_back(piece.name);
  for (const PatchworkMedium::Piece& piece : both.archive->pieces()) inputs.emplace_back(piece.name);
  for (const fs::path& file : {output, PartialFile::path_for(output)}) {
    for (const fs::path& input : inputs) {
      std::error_code unknown;
      if (!fs::equivalent(file, input, unknown)) continue;
      throw Error(ErrorCode::Usage, text::cat(file.string(), " is needed for the repair, which is never in place"))
          .hint("choose another output file");
    }
  }
}

/// What of verify()'s failures can come from damage.
bool may_be_damage(const Error& error) {
  switch (error.code()) {
    case ErrorCode::Corrupt:
    case ErrorCode::Incomplete:
    case ErrorCode::Hostile:
    case ErrorCode::NotFound:
    case ErrorCode::Usage:
    case ErrorCode::Io: return true;
    default: return false;
  }
}

/// The failure, with what the parity says of it.
[[noreturn]] void explain_damage(const Error& failure, const VerifyOptions& options, const fs::path& parity,
                                 const Context& context) {
  std::vector<std::string> lines;
  BlockDamage damage;
  try {
    const ProtectedArchive both = open_protected(options.archive, parity, context);
    damage = find_damage(*both.archive, *both.parity, {*context.progress, context.stop});
    if (damage.data_lost > 0) lines = lines_about(both, damage);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
    lines.push_back(text::cat("the parity does not help: ", error.message()));
  }
  if (lines.empty()) throw failure;  // each byte is what it was when the parity was made
  const bool is_missing = failure.code() == ErrorCode::Incomplete || failure.code() == ErrorCode::Io;
  Error told(is_missing ? failure.code() : ErrorCode::Corrupt, with_lines(failure.message(), lines));
  for (const std::string& context_line : failure.context()) told.while_doing(context_line);
  if (damage.data_lost == 0) throw told.hint(failure.hint_text());
  if (!damage.can_be_repaired()) throw told.hint(std::string(kBeyondRepair));
  throw told.hint(text::cat("write it again, whole: ociferry repair ", shell_word(options.archive.string()),
                            parity.empty() ? "" : text::cat(" --parity ", shell_word(parity.string())), " -o NEW"));
}

ParityState examine_parity(const VerifyReport& report, const VerifyOptions& options, const fs::path& parity,
                           const Context& context) {
  const ProtectedArchive both = open_protected(options.archive, parity, context);
  const ParityHeader& header = both.parity->header();
  ParityState state{.file = both.parity_path,
                    .blocks = header.shape.blocks(),
                    .parity_blocks = header.shape.parity_blocks(),
                    .damaged_pages = both.parity->damaged_pages()};
  const RawDigest set = report.fingerprint ? raw_digest(*report.fingerprint) : RawDigest{};
  const std::uint64_t bytes = report.compact ? report.compact->stored : report.archive_bytes;
  state.is_of_this_archive = header.shape.archive_bytes == bytes && header.set == set;
  if (state.is_of_this_archive) {
    state.damaged_blocks = count_lost_parity(*both.parity, {*context.progress, context.stop});
  }
  return state;
}

/// A file beside the archive need not be parity, so it is no error if it cannot be used.
ParityState state_of_parity(const VerifyReport& report, const VerifyOptions& options, const fs::path& parity,
                            const Context& context) {
  try {
    return examine_parity(report, options, parity, context);
  } catch (const Error& error) {
    if (!parity.empty() || error.code() == ErrorCode::Interrupted) throw;
    return {.file = parity_path_of(options.archive, context), .problem = error.message()};
  }
}

/// Writes what the parity makes of the archive, and returns its digest. On any Error nothing of it is left.
Digest write_repaired(const fs::path& output, const ProtectedArchive& both, const BlockDamage& damage,
                      const ParityWatch& watch) {
  const std::uint64_t bytes = both.parity->shape().archive_bytes;
  PartialFile partial(output);
  DiscardedPartials partials({output});
  try {
    partial.reserve(bytes, Existing::Discard);
    rebuild(*both.archive, *both.parity, damage, partial, watch);
    partial.sync();
    Digest digest = check_rebuilt(*partial.reopen(), *both.parity, watch);
    partial.publish();
    partials.release();
    return digest;
  } catch (Error& error) {
    if (error.code() == ErrorCode::Space) error.while_doing(text::cat("writing an archive of ", bytes, " bytes"));
    throw;
  }
}

}  // namespace

ParityVerifyReport verify_with_parity(const VerifyOptions& options, const fs::path& parity, const Context& context,
                                      const fs::path& scrub_log) {
  const bool is_stream = is_standard_input(options.archive);
  const bool has_any = !is_stream && has_parity(options.archive, parity, context);
  if (!parity.empty() && !has_any) {
    throw Error(ErrorCode::NotFound, text::cat(parity.string(), is_stream ? " goes with a file only" : " is not there"))
        .hint("give the parity that protect has written");
  }
  ParityVerifyReport report;
  try {
    report.archive = scrub_log.empty() ? verify(options, context) : scrub(options, scrub_log, context);
  } catch (const Error& error) {
    if (!has_any || !may_be_damage(error)) throw;
    explain_damage(error, options, parity, context);
  }
  if (has_any) report.parity = state_of_parity(report.archive, options, parity, context);
  return report;
}

RepairReport repair_archive(const RepairOptions& options, const Context& context) {
  check_inputs_stay({.bases = {options.archive}}, options.output, {}, context.volumes);
  check_output(options.output, true);
  const fs::path output = behind_links(options.output);
  check_may_replace(
      output, options.force, [](const Medium& medium) { return ArchiveWriter::may_be_partial(medium); },
      "an archive that ociferry wrote");
  const ProtectedArchive both = open_protected(options.archive, options.parity, context);
  check_no_input(output, both);
  const ParityWatch watch{*context.progress, context.stop};
  const BlockDamage damage = find_damage(*both.archive, *both.parity, watch);
  const ParityShape& shape = both.parity->shape();
  if (!damage.can_be_repaired()) {
    throw Error(ErrorCode::Corrupt, with_lines(text::cat(options.archive.string(),
                                                         " cannot be repaired, and nothing "
                                                         "was written:"),
                                               lines_about(both, damage)))
        .hint(std::string(kBeyondRepair));
  }
  RepairReport report{.archive_bytes = shape.archive_bytes,
                      .digest = write_repaired(output, both, damage, watch),
                      .lost_blocks = damage.data_lost,
                      .blocks = shape.blocks(),
                      .damaged_parity = damage.parity_lost};
  for (const ByteRange& range : lost_ranges(damage, shape)) report.lost_bytes += range.size;
  return report;
}

}  // namespace ociferry
