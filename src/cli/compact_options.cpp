#include "cli/compact_options.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/medium_option.hpp"
#include "cli/results.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 100.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void declare_effort(Arguments& arguments) {
  arguments.text("effort", "WORD", "fast, or small: smaller, in about three times the work (default: fast)");
}

void declare_since(Arguments& arguments) {
  arguments.repeated("since", "FILE",
                     "Leave out what this archive has, inside layers too: whoever reads the result needs it (can be "
                     "repeated)");
}

void declare_work_directory(Arguments& arguments) {
  arguments.text("work-dir", "DIR",
                 "Where temporary files of a compact archive go, and its plain archive (default: beside the output)");
}

void declare_bases(Arguments& arguments) {
  arguments.repeated("base", "FILE", "An archive that this one builds on, if it is a delta (can be repeated)");
}

std::vector<std::filesystem::path> paths_of(const Arguments& arguments, const std::string& option) {
  const auto words = arguments.list_of(option);
  return {words.begin(), words.end()};
}

CompactEffort effort_of(const std::string& word) {
  if (word.empty() || word == "fast") return CompactEffort::Fast;
  if (word == "small") return CompactEffort::Small;
  throw Error(ErrorCode::Usage, text::cat("'", word, "' is neither fast nor small"));
}

void print_compact(const CompactReport& report, const std::string& output, Console& console) {
  console.result(
      fmt::format("Wrote {}: {}, {:.1f} % of the plain archive's {}", output, text::human_bytes(report.compact_bytes),
                  percent(report.compact_bytes, report.archive_bytes), text::human_bytes(report.archive_bytes)));
  console.result(fmt::format("unpacked: {} ({}, with {} of recipes)", count(report.layers_opened, "layer"),
                             text::human_bytes(report.unpacked_bytes), text::human_bytes(report.recipe_bytes)));
  if (!report.as_they_are.empty()) {
    console.result(fmt::format("as they are, in gzip: {}", count(report.as_they_are.size(), "layer")));
  }
  if (report.in_zstd.count > 0) {
    console.result(fmt::format("as they are, in zstd, which cannot be made again: {} ({})",
                               count(report.in_zstd.count, "layer"), text::human_bytes(report.in_zstd.bytes)));
  }
  if (report.blobs_of_base > 0) {
    console.result(fmt::format("left out, since the older archive has them: {}", count(report.blobs_of_base, "blob")));
  }
  print_volumes(report.volumes, output, console);
  print_medium(report.medium, console);
}

Json::Object compact_members(const CompactReport& report, const std::string& output) {
  Json::Array left;
  for (const BlobAsItIs& one : report.as_they_are) {
    left.emplace_back(Json::Object{{"digest", one.blob.text()}, {"why", one.why}});
  }
  Json::Object members{
      {"archive", output},
      {"archiveBytes", report.archive_bytes},
      {"compactBytes", report.compact_bytes},
      {"layersOpened", std::uint64_t{report.layers_opened}},
      {"unpackedBytes", report.unpacked_bytes},
      {"recipeBytes", report.recipe_bytes},
      {"keptBytes", report.kept_bytes},
      {"inZstd", Json::Object{{"blobs", std::uint64_t{report.in_zstd.count}}, {"bytes", report.in_zstd.bytes}}},
      {"blobsOfBase", std::uint64_t{report.blobs_of_base}},
      {"asTheyAre", std::move(left)},
      {"fingerprint", report.fingerprint.text()}};
  add_volume_members(members, report.volumes);
  add_medium_member(members, report.medium);
  return members;
}

void print_storage(const std::optional<CompactStorage>& storage, Console& console) {
  if (!storage) return;
  std::string line = "compact";
  if (storage->stored > 0) line += fmt::format(", {}", text::human_bytes(storage->stored));
  line += fmt::format("; reading it takes up to {} of memory", text::human_bytes(storage->memory));
  if (storage->kept > storage->memory / 8) {
    line += fmt::format(", and a temporary file (TMPDIR) of {}", text::human_bytes(storage->kept));
  }
  console.result(line);
  for (const Digest& archive : storage->builds_on) {
    console.result(
        fmt::format("Needs, as --base or in the registry: the archive with fingerprint {}", spoken(archive)));
  }
}

void add_storage_member(Json::Object& members, const std::optional<CompactStorage>& storage) {
  if (!storage) return;
  Json::Array builds_on;
  for (const Digest& archive : storage->builds_on) builds_on.emplace_back(archive.text());
  members.emplace_back("compact", Json::Object{{"storedBytes", storage->stored},
                                               {"keptBytes", storage->kept},
                                               {"memoryBytes", storage->memory},
                                               {"buildsOn", std::move(builds_on)}});
}

}  // namespace ociferry
