#include "cli/confinement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "cli/login_options.hpp"
#include "cli/stream_option.hpp"
#include "cli/volume_options.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/compact_copy.hpp"
#include "layout/foreign/packed_archive.hpp"
#include "ociferry/error.hpp"
#include "ociferry/names.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kScrub = "scrub";  ///< a log, which is not what a command is for

/// The options with outputs.
constexpr std::array<std::string_view, 5> kOutputs{"output", "to-tar", "lock-output", "mapping-output", kScrub};

bool has_option(const Arguments& arguments, std::string_view name) {
  return std::ranges::any_of(arguments.declared(), [&](const DeclaredOption& one) { return one.long_name == name; });
}

bool is_given(const Arguments& arguments, const std::string& name) {
  return has_option(arguments, name) && arguments.is_set(name);
}

/// Allows creating or replacing `path`, its content and its temporary files: makes its directory, or the nearest
/// existing one above it, writable, and the targets of links.
void allow_output(const fs::path& path, std::vector<fs::path>& writable) {
  std::error_code unknown;
  const fs::path absolute = fs::absolute(path.has_filename() ? path : path.parent_path(), unknown);
  for (const fs::path& target : {absolute, fs::weakly_canonical(behind_links(absolute), unknown)}) {
    fs::path directory = target.parent_path();
    while (directory.has_relative_path() && !fs::exists(directory, unknown)) directory = directory.parent_path();
    if (std::ranges::find(writable, directory) == writable.end()) writable.push_back(directory);
  }
  if (fs::exists(path, unknown) && !fs::is_regular_file(path, unknown)) writable.push_back(path);  // /dev/stdout
}

bool has_network(const Command& command, const Arguments& arguments) {
  if (command.common != CommonOptions::Registry) return false;
  if (is_given(arguments, "from")) return false;
  const bool from_archive = is_given(arguments, "tar");
  return !(from_archive && arguments.is_set("to-tar"));
}

constexpr std::string_view kArchive = "ARCHIVE";

/// True if the first argument is an archive; all are if nothing else is.
bool reads_archives(const Arguments& arguments) { return arguments.positional_name().starts_with(kArchive); }

/// The archives that a command reads.
std::vector<std::string> archives_read(const Arguments& arguments) {
  std::vector<std::string> archives;
  for (const char* option : {"tar", "from", "base", "have", "since"}) {
    if (!is_given(arguments, option)) continue;
    for (std::string& archive : arguments.list_of(option)) archives.push_back(std::move(archive));
  }
  const bool has_source = is_given(arguments, "tar") || is_given(arguments, "from");
  if (has_source || !reads_archives(arguments) || arguments.positional_values().empty()) return archives;
  const auto& words = arguments.positional_values();
  const bool are_all = arguments.positional_name() == kArchive;
  archives.insert(archives.end(), words.begin(), are_all ? words.end() : words.begin() + 1);
  return archives;
}

/// True if `archive` is a set of compact volumes: repeated contents may be kept in a temporary file.
bool are_compact_volumes(const std::string& archive, const Arguments& arguments) {
  VolumeSearch search;
  if (has_option(arguments, "volume-dir")) {
    for (const std::string& directory : arguments.list_of("volume-dir")) search.directories.emplace_back(directory);
  }
  try {
    return is_compact_set(archive, search);
  } catch (const Error&) {
    return false;  // opening it tells why
  }
}

/// True if it writes a file without a name: the layer of a push, the content of a compressed archive, or what a
/// forecast looks at.
bool needs_unnamed_file(const Command& command, const Arguments& arguments, bool is_dry_run) {
  if (command.name == "push" || (is_dry_run && command.name == "compact")) return true;
  return std::ranges::any_of(archives_read(arguments), [&](const std::string& archive) {
    return needs_temporary_file(archive) || are_compact_volumes(archive, arguments);
  });
}

bool changes_logins(const Command& command) { return command.name == "login" || command.name == "logout"; }

bool writes_somewhere(const Arguments& arguments) {
  return std::ranges::any_of(kOutputs,
                             [&](std::string_view name) { return name != kScrub && has_option(arguments, name); });
}

/// The places that options name for what is written, not temporary files.
void allow_outputs(const Arguments& arguments, std::vector<fs::path>& writable) {
  const bool is_stream = fills_standard_output(arguments);
  for (const std::string_view option : kOutputs) {
    const std::string name(option);
    if (!has_option(arguments, name)) continue;
    const auto path = arguments.optional_text(name);
    if (path && !(is_stream && *path == "-")) allow_output(*path, writable);
  }
  if (has_option(arguments, "volume-size")) {
    for (const fs::path& directory : volume_rule_of(arguments).directories) writable.push_back(directory);
  }
  if (has_option(arguments, "emit")) {
    for (const std::string& argument : arguments.list_of("emit")) {
      allow_output(parse_emitted_file(argument).path, writable);
    }
  }
}

}  // namespace

Rights rights_of(const Command& command, const Arguments& arguments) {
  Rights rights;
  if (has_network(command, arguments)) rights.network = Rights::Network::Any;
  const bool is_dry_run = has_option(arguments, "dry-run") && arguments.on("dry-run");
  if (!is_dry_run) allow_outputs(arguments, rights.writable);
  if (command.name == "protect" && !arguments.is_set("output") && !arguments.positional_values().empty()) {
    const fs::path archive = arguments.positional_value();
    std::error_code unknown;
    allow_output(fs::is_directory(archive, unknown) ? archive / "x" : archive, rights.writable);
  }
  if (has_option(arguments, "work-dir")) {
    if (const auto directory = arguments.optional_text("work-dir")) rights.writable.push_back(*directory);
  }
  if (changes_logins(command)) allow_output(login_file_of(login_options_of(arguments)), rights.writable);
  if (needs_unnamed_file(command, arguments, is_dry_run)) {
    std::error_code unknown;
    rights.writable.push_back(fs::temp_directory_path(unknown));
  }
  return rights;
}

bool is_sandbox_off() {
  const char* value = std::getenv("OCIFERRY_SANDBOX");
  return value != nullptr && std::string_view(value) == "off";
}

std::string confine(const Rights& rights) {
  if (is_sandbox_off()) return "not confined: OCIFERRY_SANDBOX=off";
  const SandboxFeatures used = drop_privileges(rights);
  std::string line =
      fmt::format("confined by Landlock {} and seccomp {}: {}", used.landlock, used.seccomp ? "yes" : "no",
                  rights.network == Rights::Network::Any ? "network" : "no network");
  for (const fs::path& path : rights.writable) line += fmt::format(", writes in {}", path.string());
  return line;
}

std::string rights_text(const Command& command) {
  Arguments arguments(std::string(command.name), "");
  command.declare(arguments);
  const bool network = command.common == CommonOptions::Registry;
  std::string_view writing =
      reads_archives(arguments) ? "no writing (unless the archive is packed or a stream)" : "no writing";
  if (has_option(arguments, kScrub))
    writing = "no writing but the scrub log (unless the archive is packed or a stream)";
  if (writes_somewhere(arguments)) writing = "writes where its outputs are";
  if (changes_logins(command)) writing = "writes where credentials are kept";
  return fmt::format("{}, {}, {}", network ? "network" : "no network", writing,
                     network ? "no programs but credential helpers" : "no programs");
}

}  // namespace ociferry
