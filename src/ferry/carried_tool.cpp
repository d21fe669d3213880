#include "ociferry/carried_tool.hpp"

#include <algorithm>
#include <array>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/carried_readme.hpp"
#include "ferry/write/checksums.hpp"
#include "ferry/write/static_program.hpp"
#include "ferry/write/sums_file.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kProgram = "ociferry";
constexpr std::string_view kReadme = "README.txt";
constexpr std::uint64_t kMostTextBytes = 1024 * 1024;
constexpr unsigned kProgramMode = 0755;
constexpr unsigned kTextMode = 0644;

/// The archive as it lies there, or its first volume.
fs::path file_of(const CarriedToolOptions& options) {
  return options.volumes.empty() ? behind_links(options.archive) : options.volumes.front().path;
}

fs::path directory_of(const CarriedToolOptions& options) { return directory_of_volume(file_of(options)); }

/// The content of a file that is there already; nullopt if it has more than `most` bytes.
std::optional<std::string> content_of(const fs::path& file, std::uint64_t most) {
  return fs::file_size(file) > most ? std::nullopt : std::optional(read_file(file, most));
}

bool is_there(const fs::path& path) {
  std::error_code unknown;
  return fs::exists(fs::symlink_status(path, unknown));
}

// What is carried

CarriedProgram read_program(const fs::path& file, std::string name) {
  CarriedProgram program{.name = std::move(name), .architecture = {}, .content = read_file(file, kMostProgramBytes)};
  program.architecture = check_static_program(program.content, file.string());
  return program;
}

std::vector<CarriedProgram> programs_in(const fs::path& directory) {
  for (const char* const name : {"ociferry", "bin/ociferry"}) {
    if (fs::is_regular_file(directory / name)) return {read_program(directory / name, std::string(kProgram))};
  }
  std::vector<CarriedProgram> programs;
  for (const char* const architecture : {"amd64", "arm64"}) {
    const std::string name = text::cat(kProgram, "-", architecture);
    if (!fs::is_regular_file(directory / name)) continue;
    programs.push_back(read_program(directory / name, name));
    if (programs.back().architecture == architecture) continue;
    throw Error(ErrorCode::Usage, text::cat((directory / name).string(), " is a program for ",
                                            programs.back().architecture, ", unlike its name"))
        .hint("rename it; nothing was transferred yet");
  }
  if (programs.size() == 1) programs.front().name = kProgram;
  if (!programs.empty()) return programs;
  throw Error(ErrorCode::Usage, text::cat(directory.string(),
                                          " has no program to carry: none of ociferry, bin/ociferry, "
                                          "ociferry-amd64 and ociferry-arm64 is there"))
      .hint(
          "name the directory of the static program: the unpacked ociferry-VERSION-linux-ARCH.tar.gz of a release, or "
          "what scripts/build-static made; nothing was transferred yet");
}

std::vector<CarriedProgram> read_programs(const fs::path& from) {
  if (fs::is_directory(from)) return programs_in(from);
  if (!is_there(from)) {
    throw Error(ErrorCode::NotFound, text::cat("there is no ", from.string(), " with a program to carry"))
        .hint("name the directory of the static program, or amd64 or arm64 if this program is a static one for that");
  }
  return {read_program(from, std::string(kProgram))};
}

// What is there already

bool is_ours(std::string_view name, const fs::path& file) {
  if (fs::file_size(file) == 0) return true;
  if (name == kReadme || name == kSumsFile) {
    const auto text = content_of(file, kMostTextBytes);
    // A list of sums keeps foreign lines.
    return text && (name == kReadme ? is_readme_of_ours(*text) : text->find('\0') == std::string::npos);
  }
  const auto program = content_of(file, kMostProgramBytes);
  return program && is_ociferry(*program);
}

/// That the file called `name` can be written, and nothing is lost by it.
void check_place(std::string_view name, const CarriedToolOptions& options) {
  const fs::path file = directory_of(options) / name;
  if (file_of(options).filename() == name) {
    throw Error(ErrorCode::Usage, text::cat("the archive cannot be called ", name,
                                            ": with --with-tool, that is a file "
                                            "beside it"))
        .hint("give it another name");
  }
  if (!is_there(file)) return;
  if (!fs::is_regular_file(fs::symlink_status(file))) {
    throw Error(ErrorCode::Usage, text::cat(file.string(), " is there, and is no file that could be replaced"))
        .hint("move it away, or write the archive to another directory");
  }
  if (options.force || is_ours(name, file)) return;
  throw Error(ErrorCode::Usage, text::cat(file.string(), " is there already, and ociferry did not write it"))
      .hint("write the archive to another directory, or add --force to replace it");
}

void check_places(const std::vector<CarriedProgram>& programs, const CarriedToolOptions& options) {
  for (const CarriedProgram& program : programs) check_place(program.name, options);
  for (const std::string_view name : {kSumsFile, kReadme}) check_place(name, options);
}

// Writing

bool may_be_executed(const fs::path& file) {
  return (fs::status(file).permissions() & fs::perms::owner_exec) != fs::perms::none;
}

CarriedFile put(const fs::path& file, std::string_view content, unsigned mode) {
  CarriedFile written{.path = file};
  if (is_there(file)) {
    const bool is_same = fs::file_size(file) == content.size() && read_file(file, content.size()) == content;
    if (is_same && (mode == kTextMode || may_be_executed(file))) {
      written.state = CarriedFile::State::Kept;
      return written;
    }
    written.state = CarriedFile::State::Replaced;
  }
  write_file_atomically(file, content, mode);
  return written;
}

CarriedFile put_sums(const fs::path& directory, const std::vector<std::string>& names, const std::vector<FileSum>& sums,
                     CarriedToolReport& report) {
  const fs::path file = directory / kSumsFile;
  const UniqueFd lock = lock_sums(directory);
  const bool is_text = is_there(file) && is_ours(kSumsFile, file);
  const std::string list = update_sums(is_text ? read_file(file, kMostTextBytes) : "", names, sums);
  for (const std::string& name : names_in_sums(list)) {
    if (!is_there(directory / name)) report.missing_files.push_back(name);
  }
  return put(file, list, kTextMode);
}

/// True if some volumes are in other directories than the first.
bool is_on_several(const std::vector<WrittenVolume>& volumes) {
  return std::ranges::any_of(volumes, [&](const WrittenVolume& volume) {
    return directory_of_volume(volume.path) != directory_of_volume(volumes.front().path);
  });
}

CarriedToolReport write_all(const CarriedToolOptions& options, const std::vector<CarriedProgram>& programs,
                            const Digest& fingerprint, const Context& context) {
  const fs::path archive = file_of(options);
  const fs::path directory = directory_of(options);
  const std::string archive_name = archive.filename().string();
  check_places(programs, options);  // the export may have taken hours
  CarriedToolReport report;
  const bool is_divided = !options.volumes.empty();
  std::vector<std::string> names;
  std::vector<FileSum> sums;
  if (!is_divided) names.push_back(archive_name);
  if (!is_divided && options.sum_archive) {
    report.archive_sum = sum_of_file(archive, "the archive", context);
    sums.push_back({archive_name, *report.archive_sum});
  }
  for (const CarriedProgram& program : programs) {
    report.files.push_back(put(directory / program.name, program.content, kProgramMode));
    names.push_back(program.name);
    sums.push_back({program.name, sha256(program.content)});
  }
  report.files.push_back(put_sums(directory, names, sums, report));
  report.files.push_back(put(directory / kReadme,
                             readme_text({.archive = archive_name,
                                          .fingerprint = fingerprint,
                                          .programs = programs,
                                          .archive_is_summed = is_divided || options.sum_archive,
                                          .volumes = options.volumes.size(),
                                          .is_elsewhere_too = is_on_several(options.volumes)}),
                             kTextMode));
  return report;
}

}  // namespace

std::vector<CarriedProgram> read_carried_tool(const CarriedToolOptions& options) {
  std::vector<CarriedProgram> programs = read_programs(options.from);
  check_places(programs, options);
  return programs;
}

CarriedToolReport write_carried_tool(const CarriedToolOptions& options, const std::vector<CarriedProgram>& programs,
                                     const Digest& fingerprint, const Context& context) {
  try {
    return write_all(options, programs, fingerprint, context);
  } catch (Error& error) {
    error.while_doing("putting the program beside the archive");
    error.hint(text::cat(file_of(options).string(), " is complete: the same command keeps it, and goes on from there"));
    throw;
  }
}

}  // namespace ociferry
