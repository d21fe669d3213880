#include "cli/volume_options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <stop_token>
#include <utility>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "cli/limit_options.hpp"
#include "cli/parity_options.hpp"
#include "cli/password_input.hpp"
#include "ferry/gather/named_archives.hpp"
#include "medium/volumes/volume_list.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// What fits, with SHA256SUMS and the list beside it.
constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> kNamedSizes = {{
    {"fat32", 4095 * kMiB},  // the largest file has 4 GiB less one byte
    {"dvd", 4400 * kMiB},    // 4.7 GB
    {"bd25", 23500 * kMiB},  // 25 GB
    {"scan", 2047 * kMiB},   // virus scanners that count with 32 bits
}};

constexpr std::string_view kFit = "fit:";

}  // namespace

std::uint64_t volume_bytes_of(const std::string& word) {
  for (const auto& [name, bytes] : kNamedSizes) {
    if (word == name) return bytes;
  }
  return parse_size(word);
}

void declare_volume_size(Arguments& arguments) {
  arguments.text("volume-size", "SIZE",
                 "Write volumes FILE.001, FILE.002, ... of this size, such as 3900M, fat32 (4095M), dvd (4400M), bd25 "
                 "(23500M), scan (2047M), or fit:DIR[,DIR...]: what is free there");
}

VolumeRule volume_rule_of(const Arguments& arguments) {
  const auto value = arguments.optional_text("volume-size");
  if (!value) return {};
  if (arguments.optional_text(arguments.is_set("output") ? "output" : "to-tar") == "-") {
    throw Error(ErrorCode::Usage, "--volume-size needs files: volumes cannot go to standard output");
  }
  if (!value->starts_with(kFit)) return {.bytes = volume_bytes_of(*value)};
  VolumeRule rule;
  for (const std::string& directory : text::split(value->substr(kFit.size()), ',')) {
    if (directory.empty()) throw Error(ErrorCode::Usage, "--volume-size fit: needs a directory, fit:DIR[,DIR...]");
    rule.directories.emplace_back(directory);
  }
  if (arguments.is_set("parity")) rule.parity_percent = parity_percent_of(arguments);
  return rule;
}

void declare_volume_search(Arguments& arguments) {
  arguments.repeated("volume-dir", "DIR", "Look here too for the volumes of a divided archive (can be repeated)");
}

VolumeSearch volume_search_of(const Arguments& arguments, const std::stop_token& stop, Console& console) {
  VolumeSearch search;
  for (const std::string& directory : arguments.list_of("volume-dir")) search.directories.emplace_back(directory);
  if (arguments.on("yes")) return search;  // nobody shall be asked
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1) return search;
  search.ask = [stop, &console](const WantedVolume& wanted) {
    console.finish_progress();
    if (!wanted.problem.empty()) console.warn(wanted.problem);
    const std::string question = fmt::format("Insert volume {} of {} ({}) and press Enter; n gives up", wanted.number,
                                             wanted.count, text::printable(wanted.name));
    const auto answer = ask_line(question, stop);
    return answer && *answer != "n";
  };
  return search;
}

std::string one_set_of(const Arguments& arguments, VolumeSearch& search) {
  const std::string first = arguments.positional_value();
  const auto& words = arguments.positional_values();
  if (words.size() == 1) return first;
  const std::vector<std::filesystem::path> paths(words.begin(), words.end());
  search = search_beside(paths, search);
  const auto other = first_of_another_set(paths, search);
  if (!other) return first;
  throw Error(ErrorCode::Usage, text::cat(text::printable(other->string()), " is not of the archive that ",
                                          text::printable(first), " is of"))
      .hint("name one archive: a file, or volumes of one set");
}

void print_volumes(const std::vector<WrittenVolume>& volumes, const std::string& output, Console& console) {
  if (volumes.empty()) return;
  const std::string first = volumes.front().path.string();
  const std::string last = volumes.size() == 1 ? "" : " to " + volumes.back().path.string();
  console.result(fmt::format("{}: {}{}; beside {}: {}, SHA256SUMS",
                             volumes.size() == 1 ? "1 volume" : fmt::format("{} volumes", volumes.size()), first, last,
                             volumes.size() == 1 ? "it" : "them",
                             volume_list_name(std::filesystem::path(output).filename().string())));
}

void add_volume_members(Json::Object& members, const std::vector<WrittenVolume>& volumes) {
  if (volumes.empty()) return;
  Json::Array all;
  for (const WrittenVolume& volume : volumes) {
    all.push_back(
        Json::Object{{"file", volume.path.string()}, {"bytes", volume.bytes}, {"digest", volume.digest.text()}});
  }
  members.emplace_back("volumes", std::move(all));
}

}  // namespace ociferry
