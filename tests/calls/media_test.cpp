#include <doctest/doctest.h>
#include <fcntl.h>

#include <algorithm>

#include "call_log.hpp"
#include "call_stage.hpp"
#include "support/temp.hpp"

// Archives on media that cannot be written, or are too small.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

/// What goes to the standard output is no file of anybody's.
bool may_write(const LoggedCall& call) {
  if (call.path.starts_with("/memfd:")) return false;
  if (call.kind == "open") return (call.flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0;
  constexpr std::array<std::string_view, 8> kWrites{"write",  "reserve", "truncate", "rename",
                                                    "remove", "mkdir",   "link",     "attributes"};
  return std::ranges::find(kWrites, call.kind) != kWrites.end();
}

/// What reads an archive, which is called `archive`.
std::vector<Words> readers(const CallStage& stage, const std::string& archive) {
  const Words import = stage.words(Command::Import, 2);
  const std::string to = import.at(3);
  return {{"verify", archive},
          {"inspect", archive},
          {"import", archive, "--to-repo", to},
          {"copy", "--tar", archive, "--to-repo", to + "-copied"}};
}

/// Runs `script` in a mount namespace of its own, with the program as "$@".
Outcome run_in_namespace(const CallStage& stage, const std::string& script, const Words& words) {
  Program program = stage.ociferry().program(words);
  program.arguments.insert(program.arguments.begin(),
                           {"unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh"});
  return run(program);
}

bool cannot_mount(const CallStage& stage) {
  if (lacks({"unshare", "mount"})) return true;
  const Outcome outcome =
      run_in_namespace(stage, "mkdir -p small; mount -t tmpfs -o size=100k tmpfs small || exit 77", {"version"});
  if (outcome.exit_code == 0) return false;
  MESSAGE("skipped: nothing can be mounted here");
  return true;
}

}  // namespace

TEST_CASE("reading an archive writes nothing beside it, and only the requested output") {
  CallStage& stage = fresh_stage();
  fs::create_directory(stage.path("media"));
  fs::copy_file(stage.path("input.tar"), stage.path("media/input.tar"));
  for (const Words& words : readers(stage, "media/input.tar")) {
    fs::remove(stage.path("log"));
    const Outcome outcome = stage.ociferry().run(words, {{"OCIFERRY_CALLS_LOG", stage.path("log").string()}});
    INFO(words[0] << ": " << outcome.err);
    REQUIRE(outcome.exit_code == 0);
    const std::vector<LoggedCall> log = read_call_log(stage.path("log"), false);
    CHECK(std::ranges::any_of(
        log, [](const LoggedCall& call) { return call.kind == "read" && call.path.ends_with("media/input.tar"); }));
    const auto written = std::ranges::find_if(log, may_write);
    CHECK_MESSAGE(written == log.end(), written->kind << " " << written->path);
  }
}

TEST_CASE("an archive on a file system that is mounted read-only is verified, inspected, imported and copied") {
  CallStage& stage = fresh_stage();
  if (cannot_mount(stage)) return;
  const std::string script =
      "mkdir -p media; mount -t tmpfs tmpfs media && cp input.tar media && mount -o remount,ro tmpfs media "
      "|| exit 77; cd media; ! touch file 2>/dev/null || exit 78; exec \"$@\"";
  for (const Words& words : readers(stage, "input.tar")) {
    const Outcome outcome = run_in_namespace(stage, script, words);
    INFO(words[0] << ": " << outcome.err);
    CHECK(outcome.exit_code == 0);
  }
  CHECK(stage.visible(Command::Import).at("tag v1") == stage.after(Command::Import).at("tag v1"));
}

TEST_CASE("an export to a file system that is too small is refused before a layer moves, and says what it needs") {
  CallStage& stage = fresh_stage();
  if (cannot_mount(stage)) return;
  Words words = stage.words(Command::Export, 2);
  words.at(4) = "small/out.tar";
  const Outcome outcome = run_in_namespace(stage,
                                           "mkdir -p small; mount -t tmpfs -o size=300k tmpfs small || exit 77; "
                                           "echo old > small/out.tar; \"$@\"; code=$?; ls -A small; exit $code",
                                           words);
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 30);
  CHECK(outcome.err.find(std::to_string(stage.archive().size()) + " bytes") != std::string::npos);
  CHECK(outcome.out.ends_with("out.tar\n"));
  CHECK(outcome.out.find("partial") == std::string::npos);
  const auto layers = stage.source_layers(Command::Export);
  CHECK(std::ranges::none_of(stage.take_requests(), [&](const SeenRequest& request) {
    return layers.contains(request.digest) && layers.at(request.digest) > 1000;
  }));
}

TEST_CASE("a pull that runs out of space while it unpacks says so and leaves the old directory and nothing else") {
  CallStage& stage = fresh_stage();
  if (cannot_mount(stage)) return;
  Words words = stage.words(Command::Pull, 2);
  words.at(4) = "small/pulled";
  // The layer fits, but what it unpacks to does not.
  const Outcome outcome = run_in_namespace(stage,
                                           "mkdir -p small; mount -t tmpfs -o size=400k tmpfs small || exit 77; "
                                           "mkdir small/pulled; echo old > small/pulled/old; \"$@\"; code=$?; "
                                           "ls -AR small; exit $code",
                                           words);
  INFO(outcome.err);
  CHECK(outcome.exit_code == 30);
  CHECK(outcome.err.find("small") != std::string::npos);
  CHECK(outcome.out.find("old\n") != std::string::npos);
  CHECK(outcome.out.find("ociferry") == std::string::npos);
}
