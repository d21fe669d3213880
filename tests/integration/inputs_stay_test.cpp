#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "support/contains.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// Nothing that a command reads is removed, emptied or replaced by what it writes, whatever name it is read by.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

/// both.tar has two images, sub.tar one of them, new.tar and packed.tar (compact) another one; a/ has both.tar in
/// volumes, OUT.001, ..., and b/ nothing.
struct Inputs {
  World world;

  Inputs() {
    for (const auto& [name, seed] : {std::pair{"app", 1}, std::pair{"tool", 2}, std::pair{"new", 3}}) {
      push_image(world.outside, text::cat("team/", name),
                 make_image({.layers = {{.size = 300'000, .seed = static_cast<std::uint64_t>(seed)}}}), "v1");
    }
    world.succeed({"export", "-i", at("team/app"), "-i", at("team/tool"), "-o", "both.tar"});
    world.succeed({"export", "-i", at("team/tool"), "-o", "sub.tar"});
    world.succeed({"export", "-i", at("team/new"), "-o", "new.tar"});
    fs::create_directory(world.path("a"));
    fs::create_directory(world.path("b"));
  }

  [[nodiscard]] std::string at(const std::string& repository) const { return world.outside_ref(repository); }
  void divide(const std::string& size = "200K") {
    world.succeed({"split", "both.tar", "-o", "a/OUT", "--volume-size", size});
  }
  void move(const std::string& from, const std::string& to) const { fs::rename(world.path(from), world.path(to)); }
  void copy(const std::string& from, const std::string& to) const { fs::copy_file(world.path(from), world.path(to)); }
  void link(const std::string& target, const std::string& name) const { fs::create_symlink(target, world.path(name)); }

  /// The command fails, with and without --force, and leaves everything as it was.
  void refuses(Words words) {
    CAPTURE(text::join(words, " "));
    const auto before = files_below(world.path(""));
    const bool is_given = std::ranges::find(words, "--force") != words.end();
    for (const bool is_forced : {false, true}) {
      if (is_forced && !is_given) words.emplace_back("--force");
      const std::string error = world.fail(1, words);
      INFO(error);
      CHECK(contains(error, "is read, and would be replaced by what is written"));
      CHECK(contains(error, "nothing was changed"));
    }
    CHECK((files_below(world.path("")) == before));
  }
};

}  // namespace

TEST_CASE("volumes that are found beside another archive are not taken for unfinished ones of the output") {
  if (lacks({"docker-registry"})) return;
  Inputs inputs;
  inputs.divide();
  inputs.move("a/OUT.002", "b/OUT.002");
  inputs.move("a/OUT.003", "b/OUT.003");
  inputs.copy("sub.tar", "b/sub.tar");
  inputs.copy("new.tar", "b/new.tar");
  for (const bool has_list : {true, false}) {
    const std::string set = has_list ? "a/OUT.volumes.json" : "a/OUT.001";
    if (!has_list) inputs.move("a/OUT.volumes.json", "list");
    inputs.refuses({"merge", "b/sub.tar", set, "-o", "b/OUT", "--volume-size", "200K"});
    inputs.refuses({"merge", set, "b/new.tar", "-o", "b/OUT", "--volume-size", "100K"});
    inputs.refuses({"copy", "--tar", set, "--tar", "b/new.tar", "--to-tar", "b/OUT", "--volume-size", "100K"});
  }
}

TEST_CASE("a set of one volume that is named by its file is not replaced, nor what links lead to") {
  if (lacks({"docker-registry"})) return;
  Inputs inputs;
  inputs.divide("10M");
  inputs.link("OUT.001", "a/linked.tar");
  for (const char* const name : {"a/OUT.001", "a/OUT.volumes.json", "a", "a/linked.tar", "a/../a/OUT.001"}) {
    inputs.refuses({"rm", name, "team/app", "-o", "a/OUT", "--volume-size", "100K"});
    inputs.refuses({"split", name, "-o", "a/OUT", "--volume-size", "100K"});
    inputs.refuses({"merge", "new.tar", name, "-o", "a/OUT", "--volume-size", "100K"});
    inputs.refuses({"compact", name, "-o", "a/OUT", "--volume-size", "500K"});
    inputs.refuses({"compact", "new.tar", "--since", name, "-o", "a/OUT", "--volume-size", "500K"});
  }
  inputs.world.succeed({"split", "both.tar", "-o", "b/OUT", "--volume-size", "200K"});
  for (const char* const number : {"1", "2", "3", "4"}) {
    inputs.link(text::cat("../b/OUT.00", number), text::cat("a/through.00", number));
  }
  inputs.refuses({"rm", "a/through.001", "team/app", "-o", "b/OUT", "--volume-size", "100K"});
}

TEST_CASE("what an export builds on is not replaced, in volumes, in files, or by the plain archive meanwhile") {
  if (lacks({"docker-registry"})) return;
  Inputs inputs;
  inputs.divide();
  const Words source{"export", "-i", inputs.at("team/app"), "-i", inputs.at("team/new")};
  const auto refuses = [&](const Words& more) {
    Words words = source;
    words.insert(words.end(), more.begin(), more.end());
    inputs.refuses(words);
    words.emplace_back("--dry-run");
    inputs.refuses(words);
  };
  refuses({"--have", "a/OUT.001", "-o", "a/OUT", "--volume-size", "100K"});
  refuses({"--have", "a", "-o", "OUT", "--volume-size", "fit:a,b"});
  refuses({"--compact", "--have", "a", "-o", "a/OUT", "--volume-size", "500K"});
  refuses({"--compact", "--since", "a/OUT.002", "-o", "a/OUT", "--volume-size", "500K"});
  refuses({"--have", "both.tar", "-o", "./both.tar"});
  refuses({"--compact", "--since", "both.tar", "-o", "both.tar"});
  inputs.copy("both.tar", "c.plain");
  refuses({"--compact", "--since", "c.plain", "-o", "c"});
  inputs.refuses({"compact", "new.tar", "--since", "both.tar", "-o", "both.tar"});
  inputs.refuses({"compact", "new.tar", "--since", "a", "-o", "a/OUT.002"});
}

TEST_CASE("an unfinished archive that is read is not gone on with, and no volume is replaced by an archive") {
  if (lacks({"docker-registry"})) return;
  Inputs inputs;
  inputs.divide();
  for (const char* const name : {"all.tar.partial", "b/OUT.001.partial"}) inputs.copy("both.tar", name);
  inputs.refuses({"rm", "all.tar.partial", "team/app", "-o", "all.tar"});
  inputs.refuses({"compact", "all.tar.partial", "-o", "all.tar"});
  inputs.refuses({"split", "b/OUT.001.partial", "-o", "b/OUT", "--volume-size", "200K"});
  inputs.refuses({"export", "-i", inputs.at("team/new"), "--have", "all.tar.partial", "-o", "all.tar"});
  inputs.refuses({"rm", "a", "team/app", "-o", "a/OUT.001"});
  inputs.refuses({"join", "a/OUT.002", "-o", "a/OUT.001"});
  inputs.refuses({"merge", "new.tar", "a", "-o", "a/OUT.volumes.json"});
  // One file takes the place of another in one step.
  inputs.world.succeed({"rm", "both.tar", "team/app", "-o", "both.tar"});
  inputs.world.succeed({"verify", "both.tar"});
}

TEST_CASE("the list that volumes elsewhere are found by is not replaced") {
  if (lacks({"docker-registry"})) return;
  Inputs inputs;
  inputs.divide("400K");
  inputs.move("a/OUT.001", "b/disk1.bin");
  inputs.move("a/OUT.002", "b/disk2.bin");
  const Words read{"rm", "a/OUT.volumes.json", "team/app", "--volume-dir", "b"};
  for (const Words& more : {Words{"-o", "a/OUT", "--volume-size", "100K"}, Words{"-o", "b/disk2.bin"}}) {
    Words words = read;
    words.insert(words.end(), more.begin(), more.end());
    inputs.refuses(words);
  }
}

TEST_CASE("lock files, mappings, repaired archives and pulled directories do not replace what is read") {
  if (lacks({"docker-registry"})) return;
  Inputs inputs;
  World& world = inputs.world;
  inputs.divide();
  const auto before = files_below(world.path(""));
  for (const char* const option : {"--lock-output", "--mapping-output"}) {
    for (const char* const file : {"both.tar", "a/OUT.001"}) {
      CHECK(contains(world.fail(1, {"import", "both.tar", "a", "--to-repo", world.inside_repo("apps"), option, file}),
                     text::cat(file, " is read, and would be replaced by what is written")));
    }
  }
  CHECK((files_below(world.path("")) == before));
  world.succeed({"protect", "a", "--parity", "30%"});
  inputs.refuses({"repair", "a/OUT.volumes.json", "-o", "a/OUT.volumes.json"});
  inputs.refuses({"repair", "a", "-o", "a/OUT.002"});
  world.succeed({"pull", "--from", "both.tar", "-i", "team/app", "-o", "pulled"});
  inputs.copy("both.tar", "pulled/both.tar");
  inputs.refuses({"pull", "--from", "pulled/both.tar", "-i", "team/app", "-o", "pulled"});
  inputs.refuses({"extract", "pulled/both.tar", "team/app", "-o", "pulled"});
  inputs.refuses({"inventory", "a", "-o", "a/OUT.001"});
}

TEST_CASE("an image layout that is read is not replaced, in whole or in part") {
  if (lacks({"docker-registry"})) return;
  Inputs inputs;
  World& world = inputs.world;
  world.succeed({"pull", "--from", "both.tar", "-i", "team/app", "-o", "pulled"});
  fs::create_directory(world.path("pulled/layout"));
  Program unpack = world.ociferry.program({});
  unpack.arguments = {"tar", "-xf", "both.tar", "-C", "pulled/layout"};
  REQUIRE(run(unpack).exit_code == 0);
  inputs.refuses({"pull", "--from", "pulled/layout", "-i", "team/app", "-o", "pulled"});
  inputs.refuses({"merge", "pulled/layout", "new.tar", "-o", "pulled/layout/index.json"});
  inputs.refuses({"pull", "--from", "pulled/layout", "-i", "team/app", "-o", "pulled/layout/blobs", "--force"});
  inputs.refuses({"extract", "pulled/layout", "team/app", "-o", "pulled/layout/blobs/sha256", "--force"});
  // What else lies in its directory is not read.
  for (const Words& words : {Words{"merge", "pulled/layout", "new.tar", "-o", "pulled/layout/more.tar"},
                             Words{"inventory", "pulled/layout", "-o", "pulled/layout/have.json"},
                             Words{"extract", "pulled/layout", "team/app", "-o", "pulled/layout/files"}}) {
    CAPTURE(words.front());
    for (int i = 0; i < 2; ++i) {
      Words forced = words;
      forced.emplace_back("--force");
      world.succeed(forced);
    }
  }
}

TEST_CASE("standard input from a file is that file, and a listed volume is more than a file") {
  if (lacks({"docker-registry"})) return;
  Inputs inputs;
  World& world = inputs.world;
  inputs.divide("10M");
  const auto before = files_below(world.path(""));
  for (const char* const command :
       {"merge - new.tar -o x < x.partial", "merge - new.tar -o a/OUT --volume-size 200K < a/OUT.001"}) {
    CAPTURE(command);
    if (!fs::exists(world.path("x.partial"))) inputs.copy("both.tar", "x.partial");
    Program program = world.ociferry.program({});
    program.arguments = {"sh", "-c", text::cat("exec \"$0\" ", command), program.arguments.front()};
    const Outcome outcome = run(program);
    CHECK(outcome.exit_code == 1);
    CHECK(contains(outcome.err, "is read, and would be replaced by what is written"));
  }
  CHECK((read_text(world.path("x.partial")) == read_text(world.path("both.tar"))));
  fs::remove(world.path("x.partial"));
  CHECK((files_below(world.path("")) == before));
  inputs.refuses({"rm", "a/OUT.001", "team/app", "-o", "a/OUT.001"});
}
