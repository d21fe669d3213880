#include <doctest/doctest.h>

#include "oci/json.hpp"
#include "support/elf_program.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// The program that goes beside an archive: `export --with-tool`.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

struct ToolExport {
  World world;
  Words command{"export", "-i", world.outside.host() + "/apps/a:v1", "-o", "stick/a.tar", "--with-tool"};

  ToolExport() {
    push_image(world.outside, "apps/a", make_image(), "v1");
    std::filesystem::create_directory(world.path("stick"));
    write_text(world.path("tools/bin/ociferry"), elf_program());
    world.outside.forget_requests();
  }

  Words with_tool(const Words& more) const {
    Words words = command;
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// Runs it; it must fail, and must not have asked any registry.
  std::string refusal(const Words& more, int exit_code = 1) {
    const std::string error = world.fail(exit_code, with_tool(more));
    CHECK(world.outside.requests().empty());
    CHECK_FALSE(std::filesystem::exists(world.path("stick/a.tar")));
    return error;
  }
};

/// This machine's architecture, as the option names it.
std::string own_architecture() { return run({.arguments = {"uname", "-m"}}).out == "aarch64\n" ? "arm64" : "amd64"; }

}  // namespace

TEST_CASE("export --with-tool puts program, SHA256SUMS and a page beside the archive, and reports them") {
  if (lacks({"docker-registry"})) return;
  ToolExport stage;
  World& world = stage.world;
  const std::string said = world.succeed(stage.with_tool({"tools"}));
  CHECK(said.ends_with("\nBeside it: ociferry, SHA256SUMS, README.txt\n"));
  CHECK(run({.arguments = {"sha256sum", "-c", "SHA256SUMS"}, .directory = world.path("stick")}).out ==
        "a.tar: OK\nociferry: OK\n");
  CHECK(read_text(world.path("stick/ociferry")) == elf_program());
  const std::string verified = world.succeed({"verify", "stick/a.tar"});
  const auto at = verified.find("Fingerprint: ");
  REQUIRE(at != std::string::npos);
  CHECK(read_text(world.path("stick/README.txt")).find(verified.substr(at)) != std::string::npos);
  CHECK(world.succeed(stage.with_tool({"tools/bin/ociferry"}))
            .ends_with("Beside it: ociferry (kept), SHA256SUMS (kept), README.txt (kept)\n"));

  const Json json = Json::parse(world.succeed(stage.with_tool({"tools", "--json", "--sum-archive=false"})), "it");
  CHECK(json.find("carriedFiles")->as_array()->size() == 3);
  CHECK(json.find("archiveSha256")->is_null());
  CHECK(run({.arguments = {"sha256sum", "-c", "SHA256SUMS"}, .directory = world.path("stick")}).out ==
        "ociferry: OK\n");
}

TEST_CASE("with volumes, program and page lie beside the first volume, whose SHA256SUMS lists all volumes") {
  if (lacks({"docker-registry"})) return;
  ToolExport stage;
  World& world = stage.world;
  const auto sums = [&](const std::string& directory) {
    return run({.arguments = {"sha256sum", "-c", "SHA256SUMS"}, .directory = world.path(directory)}).out;
  };
  const std::string said = world.succeed(stage.with_tool({"tools", "--volume-size", "64K", "--parity", "10%"}));
  CHECK(said.find("\nBeside it: ociferry, SHA256SUMS (replaced), README.txt\n") != std::string::npos);
  CHECK(sums("stick") == "a.tar.001: OK\na.tar.volumes.json: OK\nociferry: OK\na.tar.parity: OK\n");
  const std::string page = read_text(world.path("stick/README.txt"));
  CHECK(page.find("  a.tar.001\n    The images, in one volume. Fingerprint: ") != std::string::npos);
  CHECK(page.find("./ociferry import a.tar.001 --to-registry") != std::string::npos);

  for (const char* directory : {"one", "two"}) std::filesystem::create_directory(world.path(directory));
  const Words filling{
      "export",        "-i",         world.outside.host() + "/apps/a:v1", "-o", "a.tar", "--with-tool", "tools",
      "--volume-size", "fit:one,two"};
  world.succeed(filling);
  CHECK(sums("one") == "a.tar.001: OK\na.tar.volumes.json: OK\nociferry: OK\n");
  CHECK(sums("two") == "a.tar.volumes.json: OK\n");
  CHECK(world.succeed(filling).find("ociferry (kept), SHA256SUMS") != std::string::npos);
  CHECK(world.fail(1, stage.with_tool({"tools", "--volume-size", "1M", "--sum-archive=false"}))
            .find("all volumes have a line in SHA256SUMS") != std::string::npos);
}

TEST_CASE("export --with-tool works with compact archives, and leaves no other file") {
  if (lacks({"docker-registry"})) return;
  ToolExport stage;
  World& world = stage.world;
  std::filesystem::create_directory(world.path("work"));
  const auto files_in = [&](const std::string& directory) {
    return run({.arguments = {"ls", "-A"}, .directory = world.path(directory)}).out;
  };
  const Words compact{"tools", "--compact", "--work-dir", "work", "--verify-medium"};
  const std::string said = world.succeed(stage.with_tool(compact));
  CHECK(said.find("\nRead back from the medium itself") != std::string::npos);
  CHECK(said.ends_with("\nBeside it: ociferry, SHA256SUMS, README.txt\n"));
  CHECK(run({.arguments = {"sha256sum", "-c", "SHA256SUMS"}, .directory = world.path("stick")}).out ==
        "a.tar: OK\nociferry: OK\n");
  CHECK(files_in("stick") == "README.txt\nSHA256SUMS\na.tar\nociferry\n");
  CHECK(files_in("work").empty());
  CHECK(world.succeed({"inspect", "stick/a.tar"}).find("\ncompact, ") != std::string::npos);

  const Json json = Json::parse(world.succeed(stage.with_tool({"tools", "--compact", "--volume-size", "256K",
                                                               "--work-dir", "work", "--verify-medium", "--json"})),
                                "it");
  CHECK(json.find("compact")->find("medium")->find("bytes") != nullptr);
  CHECK(json.find("carriedFiles")->as_array()->size() == 3);
  CHECK(run({.arguments = {"sha256sum", "-c", "SHA256SUMS"}, .directory = world.path("stick")})
            .out.find("a.tar.001: OK\na.tar.volumes.json: OK\n") != std::string::npos);
  CHECK(files_in("work").empty());
}

TEST_CASE("export --with-tool refuses unsuitable programs and foreign files before any request") {
  if (lacks({"docker-registry"})) return;
  ToolExport stage;
  const World& world = stage.world;
  CHECK(stage.refusal({own_architecture()}).find("this ociferry needs shared libraries of this machine") !=
        std::string::npos);
  CHECK(stage.refusal({OCIFERRY_BINARY}).find("cannot be carried: it needs shared libraries") != std::string::npos);
  CHECK(stage.refusal({"stick"}).find("stick has no program to carry") != std::string::npos);
  CHECK(stage.refusal({"riscv64"}, 22).find("there is no riscv64 with a program to carry") != std::string::npos);
  write_text(world.path("stick/README.txt"), "notes of the vault\n");
  const std::string error = stage.refusal({"tools"});
  CHECK(error.find("stick/README.txt is there already, and ociferry did not write it") != std::string::npos);
  CHECK(error.find("--force") != std::string::npos);
  CHECK(read_text(world.path("stick/README.txt")) == "notes of the vault\n");
  stage.world.succeed(stage.with_tool({"tools", "--force"}));
}

TEST_CASE("export --with-tool carries statically linked programs only") {
  if (lacks({"docker-registry", "cc"})) return;
  ToolExport stage;
  World& world = stage.world;
  write_text(world.path("tool.c"),
             "const char mark[] = \"" + kOciferryMark +
                 "\";\nint main(int argc, char** argv) { (void)argv; return mark[argc] == 0; }\n");
  const auto compile = [&](const std::string& option) {
    return run({.arguments = {"cc", option, "-o", "tool", "tool.c"}, .directory = world.path("")}).exit_code == 0;
  };
  REQUIRE(compile("-pie"));
  CHECK(stage.refusal({"tool"}).find("it needs shared libraries") != std::string::npos);
  for (const char* const option : {"-static", "-static-pie"}) {
    INFO(option);
    REQUIRE(compile(option));
    world.succeed(stage.with_tool({"tool"}));
    // The copy starts.
    CHECK(run({.arguments = {"./ociferry"}, .directory = world.path("stick")}).exit_code == 0);
  }
}
