#include "cli/parity_options.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

void declare_parity_percent(Arguments& arguments) {
  arguments.text("parity", "PERCENT",
                 "Write parity, FILE.parity, by which repair makes the archive again when up to so much of it is lost: "
                 "1% to 100%");
}

unsigned parity_percent_of(const Arguments& arguments) {
  constexpr unsigned kMost = 100;
  const std::string word = arguments.text_of("parity");
  unsigned percent = 0;
  const char* const end = word.data() + word.size();
  const auto [behind, failure] = std::from_chars(word.data(), end, percent);
  if (failure == std::errc() && std::string_view(behind, static_cast<std::size_t>(end - behind)) == "%" &&
      percent >= 1 && percent <= kMost) {
    return percent;
  }
  throw Error(ErrorCode::Usage, fmt::format("--parity {}: it must be whole percents of the archive, from 1% to 100%",
                                            text::printable(word)))
      .hint("10% replaces one volume of ten, or any tenth that lies together");
}

std::optional<ParityRule> parity_of(const Arguments& arguments, const std::filesystem::path& archive,
                                    const VolumeRule& volumes, bool force) {
  if (!arguments.is_set("parity")) return std::nullopt;
  if (archive == "-") throw Error(ErrorCode::Usage, "--parity needs a file to put the parity beside");
  const ParityRule rule{.percent = parity_percent_of(arguments), .volume_bytes = volumes.bytes};
  check_parity_output(archive, volumes, rule, force);
  return rule;
}

void declare_parity_file(Arguments& arguments) {
  arguments.text("parity", "FILE", "The parity of the archive (default: ARCHIVE.parity, beside it)");
}

void print_parity(const ProtectReport& report, Console& console) {
  const auto& first = report.files.front();
  const auto& last = report.files.back();
  const bool is_together = first.parent_path() == last.parent_path();
  const std::string files =
      report.files.size() == 1
          ? first.string()
          : fmt::format("{} to {}", first.string(), is_together ? last.filename().string() : last.string());
  console.result(fmt::format("Parity: {}, {}; of each {} of {}, any {} can be lost", files,
                             text::human_bytes(report.parity_bytes), count(report.row_blocks, "block"),
                             text::human_bytes(report.block_bytes), report.parity_blocks));
}

Json::Object parity_members(const ProtectReport& report) {
  Json::Array files;
  for (const auto& file : report.files) files.emplace_back(file.string());
  return {{"files", std::move(files)},
          {"bytes", report.parity_bytes},
          {"blockBytes", report.block_bytes},
          {"rowBlocks", report.row_blocks},
          {"parityBlocks", report.parity_blocks}};
}

void print_parity_state(const ParityState& state, Console& console) {
  const std::string file = text::printable(state.file.string());
  if (!state.problem.empty()) {
    return console.warn(fmt::format("the parity cannot be used: {}; make it again: ociferry protect", state.problem));
  }
  if (!state.is_of_this_archive) {
    return console.warn(
        fmt::format("{} is the parity of another archive, and can repair nothing of this one; make it "
                    "again: ociferry protect",
                    file));
  }
  if (state.damaged_blocks > 0 || state.damaged_pages > 0) {
    return console.warn(
        fmt::format("{} is damaged: {} of {} blocks, and {} pages of headers and checksums; it repairs "
                    "less than it did: make it again, with ociferry protect",
                    file, state.damaged_blocks, state.parity_blocks, state.damaged_pages));
  }
  console.result(fmt::format("Its parity, {}, is whole, too", file));
}

Json parity_state_json(const ParityState& state) {
  return Json::Object{{"file", state.file.string()},
                      {"problem", state.problem},
                      {"ofThisArchive", state.is_of_this_archive},
                      {"blocks", state.parity_blocks},
                      {"damagedBlocks", state.damaged_blocks},
                      {"damagedPages", state.damaged_pages}};
}

}  // namespace ociferry
