#include "ociferry/carried_tool.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <sstream>
#include <tuple>

#include "stream/sha256.hpp"
#include "support/call_verdict.hpp"
#include "support/elf_program.hpp"
#include "support/error_of.hpp"
#include "support/process.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;
namespace fs = std::filesystem;

namespace {

using State = CarriedFile::State;

/// A medium with an archive (what is in it is not looked at), and a directory with programs.
struct CarriedToolStage {
  TempDirectory directory = temp_directory();
  fs::path tools = directory.path() / "tools";
  fs::path medium = directory.path() / "medium";
  CarriedToolOptions options{.from = tools, .archive = medium / "app.tar"};
  const Digest fingerprint = sha256("seal");

  CarriedToolStage() {
    write_text(options.archive, "images");
    write_text(tools / "ociferry", elf_program());
  }

  CarriedToolReport write() { return write_carried_tool(options, read_carried_tool(options), fingerprint, {}); }
  Error refusal() {
    return error_of([&] { static_cast<void>(read_carried_tool(options)); });
  }
  int sha256sum() {
    return run({.arguments = {"sha256sum", "-c", "--strict", "SHA256SUMS"}, .directory = medium}).exit_code;
  }
  std::string text(const std::string& name) { return read_text(medium / name); }
};

std::vector<State> states(const CarriedToolReport& report) {
  std::vector<State> all;
  for (const CarriedFile& file : report.files) all.push_back(file.state);
  return all;
}

}  // namespace

TEST_CASE("beside volumes, the page says that there are other volumes on other media") {
  CarriedToolStage stage;
  write_text(stage.medium / "SHA256SUMS", std::string(sha256("images").hex()) + "  app.tar\n");
  stage.options.volumes = {{stage.medium / "app.tar", 6, sha256("images")},
                           {stage.directory.path() / "other/app.tar.002", 1, sha256("x")}};
  CHECK_FALSE(stage.write().archive_sum);
  CHECK(stage.sha256sum() == 0);
  const std::string page = stage.text("README.txt");
  CHECK(page.find("The images, in 2 volumes, of which this is the first: all are needed.\n    Fingerprint: ") !=
        std::string::npos);
  CHECK(page.find("add to\nthe commands below --volume-dir DIR for each other directory") != std::string::npos);
  stage.options.volumes.pop_back();
  stage.write();
  CHECK(stage.text("README.txt").find("--volume-dir") == std::string::npos);
}

TEST_CASE("program, SHA256SUMS and a page that names the archive are put beside the archive") {
  CarriedToolStage stage;
  const CarriedToolReport report = stage.write();
  CHECK(states(report) == std::vector<State>(3, State::New));
  CHECK(report.archive_sum == sha256("images"));
  CHECK(stage.text("ociferry") == elf_program());
  CHECK(static_cast<unsigned>(fs::status(stage.medium / "ociferry").permissions()) == 0755);
  CHECK(stage.sha256sum() == 0);
  CHECK(stage.text("README.txt").find("./ociferry verify app.tar\n") != std::string::npos);
  CHECK(stage.text("README.txt").find(spoken(stage.fingerprint)) != std::string::npos);
  write_text(stage.options.archive, "imagez");
  CHECK(stage.sha256sum() == 1);
}

TEST_CASE("correct files are kept, and files of an earlier export replaced") {
  CarriedToolStage stage;
  stage.write();
  CHECK(states(stage.write()) == std::vector<State>(3, State::Kept));
  fs::permissions(stage.medium / "ociferry", fs::perms::owner_exec, fs::perm_options::remove);
  CHECK(states(stage.write()) == std::vector<State>{State::Replaced, State::Kept, State::Kept});
  write_text(stage.tools / "ociferry", elf_program() + " of a newer release");
  stage.options.archive = stage.medium / "other.tar";
  write_text(stage.options.archive, "more images");
  CHECK(states(stage.write()) == std::vector<State>(3, State::Replaced));
  // The first archive has its line still.
  CHECK(stage.sha256sum() == 0);
  CHECK(stage.text("SHA256SUMS").find("  app.tar\n") != std::string::npos);
  CHECK(stage.text("README.txt").find("verify other.tar") != std::string::npos);
}

TEST_CASE("foreign files are replaced only with --force, and foreign lines in SHA256SUMS stay") {
  for (const std::string name : {"ociferry", "README.txt", "SHA256SUMS"}) {
    CarriedToolStage stage;
    const std::string foreign = name == "SHA256SUMS" ? std::string("\0\1", 2) : "notes of the vault";
    write_text(stage.medium / name, foreign);
    CHECK(stage.refusal().message().find(name + " is there already") != std::string::npos);
    CHECK(error_of([&] {
            static_cast<void>(
                write_carried_tool(stage.options, {{"ociferry", "amd64", elf_program()}}, stage.fingerprint, {}));
          })
              .message()
              .find(name + " is there already") != std::string::npos);
    CHECK(stage.text(name) == foreign);
    stage.options.force = true;
    stage.write();
    CHECK(stage.text(name) != foreign);
    CHECK(stage.sha256sum() == 0);
  }
  CarriedToolStage stage;
  const std::string other = std::string(64, 'a') + "  lost.iso\n";
  write_text(stage.medium / "SHA256SUMS", other);
  CHECK(stage.write().missing_files == std::vector<std::string>{"lost.iso"});
  CHECK(stage.text("SHA256SUMS").starts_with(other));
}

TEST_CASE("directories and other special files are never replaced, and the archive's name must be another") {
  CarriedToolStage stage;
  stage.options.force = true;
  fs::create_directories(stage.medium / "README.txt");
  CHECK(stage.refusal().message().find("README.txt is there, and is no file") != std::string::npos);
  fs::remove(stage.medium / "README.txt");
  fs::create_symlink("elsewhere", stage.medium / "README.txt");
  CHECK(stage.refusal().code() == ErrorCode::Usage);
  fs::remove(stage.medium / "README.txt");
  stage.options.archive = stage.medium / "SHA256SUMS";
  CHECK(stage.refusal().message().find("the archive cannot be called SHA256SUMS") != std::string::npos);
}

TEST_CASE("programs are found by plain names, and by the name of a file") {
  CarriedToolStage stage;
  fs::remove(stage.tools / "ociferry");
  CHECK(stage.refusal().message().find("tools has no program to carry: none of") != std::string::npos);
  write_text(stage.tools / "ociferry-arm64", elf_program({.machine = EM_AARCH64}));
  CHECK(read_carried_tool(stage.options).at(0).name == "ociferry");
  write_text(stage.tools / "ociferry-amd64", elf_program());
  const CarriedToolReport both = stage.write();
  CHECK(both.files.at(0).path.filename() == "ociferry-amd64");
  CHECK(both.files.at(1).path.filename() == "ociferry-arm64");
  CHECK(stage.sha256sum() == 0);
  CHECK(stage.text("README.txt").find("./ociferry-amd64 verify app.tar\n") != std::string::npos);
  write_text(stage.tools / "ociferry-arm64", elf_program());
  CHECK(stage.refusal().message().find("ociferry-arm64 is a program for amd64, unlike its name") != std::string::npos);
  write_text(stage.tools / "bin/ociferry", elf_program({.machine = EM_AARCH64}));
  CHECK(read_carried_tool(stage.options).at(0).architecture == "arm64");
  stage.options.from = stage.tools / "ociferry-amd64";
  CHECK(read_carried_tool(stage.options).at(0).name == "ociferry");
  stage.options.from = stage.tools / "none";
  CHECK(stage.refusal().code() == ErrorCode::NotFound);
}

TEST_CASE("without the archive's sum its line is removed, and the page says what is checked") {
  CarriedToolStage stage;
  stage.write();
  stage.options.sum_archive = false;
  CHECK_FALSE(stage.write().archive_sum.has_value());
  CHECK(stage.text("SHA256SUMS").find("app.tar") == std::string::npos);
  CHECK(stage.sha256sum() == 0);
  CHECK(stage.text("README.txt").find("To check that the program (only it) arrived") != std::string::npos);
}

TEST_CASE("the page fits a terminal, and its commands quote the archive's name") {
  for (const std::string name : {"app.tar", "our release.tar", "-v.tar", "a;b.tar"}) {
    CarriedToolStage stage;
    stage.options.archive = stage.medium / name;
    write_text(stage.options.archive, "images");
    stage.write();
    std::string page = stage.text("README.txt");
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() < 80, line);
    // What the shell makes of the first command of the page.
    const auto at = page.find("  ./ociferry verify ");
    REQUIRE(at != std::string::npos);
    const std::string arguments = page.substr(at + 20, page.find('\n', at) - at - 20);
    const Outcome said = run({.arguments = {"sh", "-c", "ls -- " + arguments}, .directory = stage.medium});
    CHECK(said.exit_code == 0);
  }
}

TEST_CASE("an interrupted export says that the archive is complete") {
  CarriedToolStage stage;
  const auto programs = read_carried_tool(stage.options);
  std::stop_source stop;
  stop.request_stop();
  Context context;
  context.stop = stop.get_token();
  const Error error =
      error_of([&] { static_cast<void>(write_carried_tool(stage.options, programs, stage.fingerprint, context)); });
  CHECK(error.code() == ErrorCode::Interrupted);
  CHECK(error.hint_text().find("app.tar is complete: the same command keeps it") != std::string::npos);
  CHECK_FALSE(fs::exists(stage.medium / "ociferry"));
}

TEST_CASE("a write error keeps the existing files, and the same call succeeds later") {
  using Kind = calls::Kind;
  for (const auto& [kind, failure, code] : {std::tuple{Kind::Write, ENOSPC, ErrorCode::Space},
                                            {Kind::Sync, EIO, ErrorCode::Io},
                                            {Kind::Rename, EIO, ErrorCode::Io}}) {
    CarriedToolStage stage;
    stage.write();
    write_text(stage.tools / "ociferry", elf_program() + " of a newer release");
    const auto programs = read_carried_tool(stage.options);
    const auto write = [&] { static_cast<void>(write_carried_tool(stage.options, programs, stage.fingerprint, {})); };
    {
      const CallVerdict broken(kind, {.failure = failure}, 1);
      const Error error = error_of(write);
      CHECK(error.code() == code);
      CHECK(error.hint_text().find("app.tar is complete") != std::string::npos);
    }
    CHECK(stage.text("ociferry") == elf_program());
    CHECK(stage.sha256sum() == 0);
    CHECK(std::distance(fs::directory_iterator(stage.medium), fs::directory_iterator()) == 4);
    write();
    CHECK(stage.text("ociferry") == programs.front().content);
    CHECK(stage.sha256sum() == 0);
  }
}
