#include "cli/tool_option.hpp"

#include <fmt/format.h>
#include <sys/auxv.h>

#include <filesystem>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "ferry/write/static_program.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

/// The file that this process runs.
fs::path own_program() {
  const fs::path own = "/proc/self/exe";
  std::error_code unknown;
  if (fs::exists(own, unknown)) return own;
  // An empty root has no /proc. The kernel passes on what the program was started by.
  const auto* const started_by = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  return started_by == nullptr ? own : fs::path(started_by);
}

/// `architecture` is "amd64" or "arm64".
fs::path own_program_for(const std::string& architecture) {
  fs::path own = own_program();
  const auto program = parse_elf(read_file(own, kMostProgramBytes));
  const auto refuse = [&](const std::string& why) {
    return Error(ErrorCode::Usage, fmt::format("--with-tool {}: {}", architecture, why))
        .hint(
            "give the directory of a static program instead: the unpacked ociferry-VERSION-linux-ARCH.tar.gz of a "
            "release, or what scripts/build-static made");
  };
  if (!program || program->needs_others) {
    throw refuse("this ociferry needs shared libraries of this machine, so it would not start on another one");
  }
  if (program->architecture != architecture) {
    throw refuse(fmt::format("this ociferry is for {}, and can copy only itself", program->architecture));
  }
  return own;
}

std::string_view word_for(CarriedFile::State state) {
  switch (state) {
    case CarriedFile::State::New: return "new";
    case CarriedFile::State::Replaced: return "replaced";
    case CarriedFile::State::Kept: break;
  }
  return "kept";
}

}  // namespace

void declare_tool(Arguments& arguments) {
  arguments.text("with-tool", "PATH",
                 "Put the static program that is there (amd64, arm64: this program) beside the archive, with "
                 "SHA256SUMS and README.txt");
  arguments.toggle("sum-archive", true,
                   "With --with-tool, read the archive for its line in SHA256SUMS (default: true)");
}

std::optional<CarriedToolOptions> tool_of(const Arguments& arguments, const std::string& archive) {
  const auto from = arguments.optional_text("with-tool");
  if (!from) {
    if (!arguments.is_set("sum-archive")) return std::nullopt;
    throw Error(ErrorCode::Usage, "--sum-archive goes with --with-tool only");
  }
  const bool is_architecture = *from == "amd64" || *from == "arm64";
  return CarriedToolOptions{.from = is_architecture ? own_program_for(*from) : fs::path(*from),
                            .archive = archive,
                            .sum_archive = arguments.on("sum-archive"),
                            .force = arguments.on("force")};
}

void print_tool(const CarriedToolReport& report, Console& console) {
  std::vector<std::string> files;
  for (const CarriedFile& file : report.files) {
    const std::string name = file.path.filename().string();
    files.push_back(file.state == CarriedFile::State::New ? name : fmt::format("{} ({})", name, word_for(file.state)));
  }
  console.result("Beside it: " + text::join(files, ", "));
  if (report.missing_files.empty()) return;
  console.warn(
      fmt::format("SHA256SUMS also lists {}, which is not there: sha256sum -c will complain; remove those lines "
                  "if the files are not meant to come",
                  text::join(report.missing_files, ", ")));
}

void add_tool_members(Json::Object& members, const CarriedToolReport& report) {
  Json::Array files;
  for (const CarriedFile& file : report.files) {
    files.push_back(Json::Object{{"file", file.path.string()}, {"state", std::string(word_for(file.state))}});
  }
  members.emplace_back("carriedFiles", std::move(files));
  members.emplace_back("archiveSha256", report.archive_sum ? Json(std::string(report.archive_sum->hex())) : Json());
}

}  // namespace ociferry
