#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gate.hpp"
#include "rows.hpp"
#include "support/temp.hpp"
#include "support/terminal.hpp"

// Where the volumes of archives are searched, and who is asked for them.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

bool shows(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Two volumes in two directories: set/apps.tar.001 with the list, and drawer/apps.tar.002.
struct Drawer {
  World world;
  Image image = make_image({.layers = {{.size = 120'000, .seed = 1}}});
  Reference app = push_image(world.outside, "team/app", image, "v1");
  Reference other = push_image(world.outside, "team/other", make_image({.layers = {{.seed = 2}}}), "v1");

  Drawer() {
    fs::create_directory(world.path("set"));
    fs::create_directory(world.path("drawer"));
    const std::string both = world.outside_ref("team/other");
    world.succeed({"export", world.outside_ref("team/app"), both, "-o", "set/apps.tar", "--volume-size", "100K"});
    world.succeed({"export", world.outside_ref("team/app"), both, "-o", "plain.tar"});
    fs::rename(world.path("set/apps.tar.002"), world.path("drawer/apps.tar.002"));
  }
};

}  // namespace

TEST_CASE("all commands that read archives search --volume-dir for volumes") {
  if (lacks({"docker-registry"})) return;
  Drawer drawer;
  World& world = drawer.world;
  const std::vector<Words> commands{
      {"pull", "--from", "set", "-i", "team/app:v1", "-o", "pulled"},
      {"ls", "set"},
      {"ls", "set", "team/app:v1"},
      {"extract", "set", "team/app:v1", "-o", "extracted"},
      {"merge", "set", "-o", "merged.tar"},
      {"add", "set", world.outside_ref("team/app"), "-o", "added.tar"},
      {"rm", "set", "team/other:v1", "-o", "removed.tar"},
      {"diff", "set", "plain.tar"},
      {"inventory", "set", "-o", "have.json"},
      {"export", world.outside_ref("team/app"), "--have", "set", "-o", "delta.tar"},
  };
  for (Words words : commands) {
    INFO(words.front());
    CHECK(shows(world.fail(11, words), "volume 2 of 2 (apps.tar.002"));
    words.insert(words.end(), {"--volume-dir", "drawer"});
    CHECK_FALSE(world.succeed(words).empty());
  }
  const std::string file = world.succeed({"ls", "set", "team/app:v1", "--volume-dir", "drawer"});
  const std::string path = file.substr(file.rfind(' ') + 1, file.size() - file.rfind(' ') - 2);
  CHECK(shows(world.fail(11, {"cat", "set", "team/app:v1", path}), "volume 2 of 2 (apps.tar.002"));
  CHECK(world.succeed({"cat", "set", "team/app:v1", path, "--volume-dir", "drawer"}) ==
        world.succeed({"cat", "plain.tar", "team/app:v1", path}));
  CHECK(shows(world.succeed({"diff", "set", "plain.tar", "--volume-dir", "drawer"}), "0 blobs (0 B) added"));
}

namespace {

/// A slot for one stick, and the sticks: volumes of an archive whose layers lie in another order than its images.
struct OneSlot {
  World world;
  std::vector<std::string> asked;

  OneSlot() {
    const auto push = [&](const std::string& name, const std::vector<std::uint64_t>& seeds) {
      ImageRecipe recipe{.layers = {}};
      for (const std::uint64_t seed : seeds) recipe.layers.push_back({.size = 90'000, .seed = seed});
      push_image(world.outside, name, make_image(recipe), "v1");
    };
    push("team/a", {1, 2, 3});
    push("team/b", {4, 5});
    push("team/c", {2, 6, 7});
    push("team/d", {8, 9, 10});
    world.succeed({"export", world.outside_ref("team/a"), world.outside_ref("team/b"), world.outside_ref("team/c"),
                   "-o", "plain.tar"});
    fs::create_directory(world.path("shelf"));
    world.succeed({"split", "plain.tar", "--volume-size", "100K", "-o", "shelf/a.tar"});
  }

  /// Runs a command, and brings each volume when it is asked for.
  Outcome run_with_slot(const Words& words) {
    asked.clear();
    insert("a.tar.001");
    const Terminal terminal;
    Program program = world.ociferry.program(words);
    program.arguments.insert(program.arguments.begin(),
                             {"sh", "-c", "exec \"$@\" < \"$0\" 2> \"$0\"", terminal.name()});
    Process process(program);
    std::string shown;
    const std::string question = "Insert volume ";
    const auto is_asked = [&] {
      shown += terminal.shown();
      return shows(shown, " and press Enter") || !process.running();
    };
    while (true) {
      await("a question or the end", is_asked);
      const auto begin = shown.find(question);
      const auto end = shown.find(" and press Enter");
      if (begin == std::string::npos || end == std::string::npos) break;
      const auto name = shown.find('(', begin) + 1;
      asked.push_back(shown.substr(name, 9));
      shown.erase(0, end + 1);
      insert(asked.back());
      terminal.type("");
    }
    Outcome outcome = process.wait();
    outcome.err = shown;
    return outcome;
  }
  void insert(const std::string& volume) const {
    fs::remove_all(world.path("slot"));
    fs::create_directory(world.path("slot"));
    for (const std::string& name : {volume, std::string("a.tar.volumes.json"), std::string("b.tar.volumes.json")}) {
      if (fs::exists(world.path("shelf/" + name)))
        fs::copy_file(world.path("shelf/" + name), world.path("slot/" + name));
    }
  }
  [[nodiscard]] std::size_t volumes(const std::string& archive = "a.tar") const {
    std::size_t count = 0;
    while (fs::exists(world.path("shelf/" + archive + ".00" + std::to_string(count + 1)))) ++count;
    return count;
  }
};

}  // namespace

TEST_CASE("with one slot each volume is asked for once, whatever is done with the archive") {
  if (lacks({"docker-registry"})) return;
  OneSlot slot;
  World& world = slot.world;
  REQUIRE(slot.volumes() >= 6);
  REQUIRE(slot.volumes() < 10);
  std::vector<std::string> others;
  for (std::size_t number = 2; number <= slot.volumes(); ++number)
    others.push_back("a.tar.00" + std::to_string(number));
  const std::vector<Words> commands{{"verify", "slot"},
                                    {"import", "slot", "--to-registry", world.inside_repo("named")},
                                    {"import", "slot/a.tar.volumes.json", "--to-registry", world.inside_repo("one"),
                                     "--to-registry", world.inside_repo("two")},
                                    {"join", "slot", "-o", "joined.tar"},
                                    {"merge", "slot", "-o", "merged.tar"},
                                    {"copy", "--tar", "slot", "--to-tar", "copied.tar"},
                                    {"split", "slot", "--volume-size", "300K", "-o", "again.tar"},
                                    {"add", "slot", world.outside_ref("team/a"), "-o", "added.tar"}};
  for (const Words& words : commands) {
    CAPTURE(words.front());
    const Outcome outcome = slot.run_with_slot(words);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(slot.asked == others);
  }
  const Outcome removed = slot.run_with_slot({"rm", "slot", "team/b:v1", "-o", "removed.tar"});
  CHECK(removed.exit_code == 0);
  CHECK(std::ranges::is_sorted(slot.asked));
  for (const char* name : {"joined.tar", "merged.tar", "copied.tar", "added.tar"}) {
    CHECK((read_text(world.path(name)) == read_text(world.path("plain.tar"))));
  }
  // These read all of it twice, or side by side.
  for (const Words& words : {Words{"protect", "slot", "--parity", "10%", "-o", "a.parity"},
                             Words{"merge", "slot", "-o", "-"}, Words{"copy", "--tar", "slot", "--to-tar", "-"}}) {
    CAPTURE(words.front());
    const Outcome refused = slot.run_with_slot(words);
    CHECK(refused.exit_code == 11);
    CHECK(refused.out.empty());
    CHECK(slot.asked.empty());
  }
}

TEST_CASE("with one slot and damage each volume is asked for once more, to tell what is damaged") {
  if (lacks({"docker-registry"})) return;
  OneSlot slot;
  std::string bytes = read_text(slot.world.path("shelf/a.tar.003"));
  bytes[50'000] ^= 1;
  write_text(slot.world.path("shelf/a.tar.003"), bytes);
  const Outcome outcome = slot.run_with_slot({"merge", "slot", "-o", "merged.tar", "--jobs", "4"});
  INFO(outcome.err);
  CHECK(outcome.exit_code == 10);
  const auto second = std::ranges::find(slot.asked, "a.tar.001");
  CHECK(second != slot.asked.end());
  CHECK(std::is_sorted(slot.asked.begin(), second, std::less_equal<>()));
  CHECK(std::is_sorted(second, slot.asked.end(), std::less_equal<>()));
}

TEST_CASE("with one slot the volumes of two archives are asked for one archive after the other") {
  if (lacks({"docker-registry"})) return;
  OneSlot slot;
  World& world = slot.world;
  world.succeed({"export", world.outside_ref("team/d"), "-o", "b.tar"});
  world.succeed({"split", "b.tar", "--volume-size", "100K", "-o", "shelf/b.tar"});
  const Outcome outcome = slot.run_with_slot(
      {"merge", "slot/a.tar.volumes.json", "slot/b.tar.volumes.json", "-o", "merged.tar", "--volume-size", "300K"});
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  REQUIRE(slot.asked.size() > 4);
  CHECK(slot.asked.front() == "b.tar.001");  // to find what it has
  CHECK(std::is_sorted(slot.asked.begin() + 1, slot.asked.end(), std::less_equal<>()));
  CHECK(slot.asked.back() == "b.tar.00" + std::to_string(slot.volumes("b.tar")));
}

TEST_CASE("a volume that several names lack is asked for once") {
  if (lacks({"docker-registry"})) return;
  Drawer drawer;
  for (const std::string command : {"join", "verify"}) {
    CAPTURE(command);
    const Terminal terminal;
    Words words{command, "set/apps.tar.001", "set"};
    if (command == "join") words.insert(words.end(), {"-o", "joined.tar"});
    Program program = drawer.world.ociferry.program(words);
    program.arguments.insert(program.arguments.begin(),
                             {"sh", "-c", "exec \"$@\" < \"$0\" 2> \"$0\"", terminal.name()});
    Process process(program);
    std::string shown;
    await("a question", [&] { return shows(shown += terminal.shown(), "n gives up"); });
    terminal.type("n");
    CHECK(process.wait().exit_code == 11);
    shown += terminal.shown();
    CHECK(shown.find("Insert volume 2") == shown.rfind("Insert volume 2"));
  }
}

TEST_CASE("where a missing volume may be brought, the set is not replaced") {
  if (lacks({"docker-registry"})) return;
  Drawer drawer;
  World& world = drawer.world;
  const auto before = files_below(world.path("set"));
  for (const std::string name : {"set", "set/apps.tar.001", "drawer"}) {
    CAPTURE(name);
    const Terminal terminal;
    Program program = world.ociferry.program(
        {"split", name, "-o", "set/apps.tar", "--volume-size", "100K", "--force", "--volume-dir", "set"});
    program.arguments.insert(program.arguments.begin(),
                             {"sh", "-c", "exec \"$@\" < \"$0\" 2> \"$0\"", terminal.name()});
    CHECK(run(program).exit_code == 1);
    // The drawer has the one that is missing.
    CHECK(shows(terminal.shown(), name == "drawer"
                                      ? "is read, and would be replaced by what is written"
                                      : "may be brought to set, and would be replaced by what is written"));
    CHECK((files_below(world.path("set")) == before));
  }
}

TEST_CASE("on a terminal a missing volume is requested and then read, but not with --yes") {
  if (lacks({"docker-registry"})) return;
  Drawer drawer;
  World& world = drawer.world;
  const auto start = [&](const Terminal& terminal, const Words& words) {
    Program program = world.ociferry.program(words);
    program.arguments.insert(program.arguments.begin(),
                             {"sh", "-c", "exec \"$@\" < \"$0\" 2> \"$0\"", terminal.name()});
    return program;
  };
  {
    const Terminal terminal;
    Process verify(start(terminal, {"verify", "set"}));
    std::string shown;
    await("a question", [&] { return shows(shown += terminal.shown(), "Insert volume 2 of 2 (apps.tar.002)"); });
    // What is there now is another one.
    fs::copy_file(world.path("set/apps.tar.001"), world.path("set/apps.tar.002"));
    terminal.type("");
    await("the question again", [&] { return shows(shown += terminal.shown(), "Warning: "); });
    await("the question behind it", [&] {
      shown += terminal.shown();
      return shows(std::string_view(shown).substr(shown.find("Warning: ")), "Insert volume 2 of 2");
    });
    fs::copy_file(world.path("drawer/apps.tar.002"), world.path("set/apps.tar.002"),
                  fs::copy_options::overwrite_existing);
    terminal.type("");
    const Outcome outcome = verify.wait();
    CAPTURE(shown);
    CHECK(outcome.exit_code == 0);
    CHECK(shows(outcome.out, "set is whole"));
    fs::remove(world.path("set/apps.tar.002"));
  }
  {
    const Terminal terminal;
    Process verify(start(terminal, {"verify", "set"}));
    std::string shown;
    await("a question", [&] { return shows(shown += terminal.shown(), "n gives up"); });
    terminal.type("n");
    CHECK(verify.wait().exit_code == 11);
  }
  const Terminal terminal;
  const Outcome outcome = run(start(terminal, {"verify", "set", "--yes"}));
  CHECK(outcome.exit_code == 11);
  const std::string shown = terminal.shown();
  CHECK(shows(shown, "volume 2 of 2 (apps.tar.002"));
  CHECK_FALSE(shows(shown, "Insert"));
}
