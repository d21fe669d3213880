#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "oci/json.hpp"
#include "releases.hpp"
#include "support/contains.hpp"
#include "support/temp.hpp"

// Where merge, rm and add write: volumes and parity, also in the place of the volumes that are read, and standard
// output.

using namespace ociferry;
using namespace ociferry::testing;

TEST_CASE("merge, rm and add write volumes and parity, also in the place of the volumes that they read") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Releases store;
  World& world = store.world;
  const Words all{store.at("bundles/two"), store.at("tools/tool", "v2")};
  store.save(all, "all.tar");
  store.save({all[0]}, "two.tar");
  store.save({all[1]}, "tool.tar");
  std::filesystem::create_directory(world.path("set"));
  const auto joins_to = [&](const std::string& whole) {
    std::filesystem::remove(world.path("joined.tar"));
    world.succeed({"join", "set", "-o", "joined.tar"});
    CHECK(store.same("joined.tar", whole));
    CHECK(world.succeed({"verify", "set"}).find("Its parity, set/a.tar.parity, is whole, too") != std::string::npos);
    Program sums = world.ociferry.program({});
    sums.arguments = {"sh", "-c", "cd set && sha256sum -c --strict SHA256SUMS && ls"};
    const Outcome outcome = run(sums);
    INFO(outcome.out);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out.find("a.tar.parity: OK") != std::string::npos);
    CHECK(outcome.out.find(".partial") == std::string::npos);
  };
  const auto divided = [&](Words words) {
    words.insert(words.end(), {"-o", "set/a.tar", "--volume-size", "64K", "--parity", "30%"});
    return words;
  };
  world.succeed(divided({"merge", "two.tar", "tool.tar"}));
  joins_to("all.tar");
  Words planned = divided({"rm", "set", "tool:v2"});
  planned.emplace_back("--dry-run");
  CHECK(world.succeed(planned).find("bytes more") != std::string::npos);
  const Json told = Json::parse(world.succeed([&] {
    Words words = divided({"rm", "set", "tool:v2"});
    words.insert(words.end(), {"--json", "--verify-medium"});
    return words;
  }()),
                                "rm");
  CHECK(told.find("volumes")->as_array()->size() > 0);
  CHECK(told.find("medium") != nullptr);
  CHECK(told.find("parity") != nullptr);
  joins_to("two.tar");
  CHECK(world.succeed(divided({"add", "set", all[1]})).find("Parity: set/a.tar.parity") != std::string::npos);
  joins_to("all.tar");
}

TEST_CASE("rm, add and merge that are killed while volumes take the place of those they read can be run again") {
  if (lacks({"docker-registry", "skopeo"})) return;
  namespace fs = std::filesystem;
  Releases store;
  World& world = store.world;
  push_image(world.outside, "team/large", make_image({.layers = {{.size = 200'000, .seed = 11}}}), "v1");
  push_image(world.outside, "tools/large", make_image({.layers = {{.size = 150'000, .seed = 12}}}), "v2");
  const Words all{store.at("team/large"), store.at("tools/large", "v2")};
  store.save(all, "all.tar");
  store.save({all[0]}, "two.tar");
  const auto split = [&](const std::string& archive, const std::string& directory) {
    fs::remove_all(world.path(directory));
    fs::create_directory(world.path(directory));
    world.succeed({"split", archive, "--volume-size", "64K", "-o", directory + "/a.tar"});
  };
  split("all.tar", "of-all");
  split("two.tar", "of-two");
  const auto has = [&](const std::string& name) { return fs::exists(world.path(name)); };
  const auto move = [&](const std::string& from, const std::string& to) {
    if (has(from)) fs::rename(world.path(from), world.path(to));
  };
  const auto name = [](std::size_t number) { return "a.tar.00" + std::to_string(number); };
  const auto count_in = [&](const std::string& directory) {
    std::size_t count = 0;
    while (has(directory + "/" + name(count + 1))) ++count;
    return count;
  };
  struct Row {
    std::string from;
    std::string to;
    Words words;
    bool has_list = true;
  };
  const std::vector<Row> rows{{"all", "two", {"rm", "set/a.tar.volumes.json", "tools/large:v2"}},
                              {"two", "all", {"add", "set/a.tar.001", all[1]}},
                              {"two", "all", {"merge", "set", "all.tar", "--force"}, false}};
  for (const Row& row : rows) {
    CAPTURE(row.words.front());
    const std::size_t old_ones = count_in("of-" + row.from);
    const std::size_t new_ones = count_in("of-" + row.to);
    REQUIRE(old_ones > 1);
    REQUIRE(old_ones + new_ones < 18);
    // So many of the old ones are retired, and then so many of the new ones have their names.
    for (std::size_t step = row.has_list ? 0 : 1; step <= old_ones + new_ones; ++step) {
      CAPTURE(step);
      split(row.from + ".tar", "set");
      move("set/a.tar.volumes.json", row.has_list ? "set/a.tar.volumes.json.old" : "lost");
      for (std::size_t number = 1; number <= new_ones; ++number) {
        fs::copy_file(world.path("of-" + row.to + "/" + name(number)), world.path("set/" + name(number) + ".partial"));
      }
      for (std::size_t number = 1; number <= old_ones && number <= step; ++number) {
        move("set/" + name(number), "set/" + name(number) + ".retired");
      }
      for (std::size_t number = 1; number + old_ones <= step; ++number) {
        move("set/" + name(number) + ".partial", "set/" + name(number));
      }
      const Outcome verified = world.ociferry.run({"verify", "set"});
      INFO(verified.err);
      CHECK(verified.exit_code == 0);
      CHECK(contains(verified.err, "the older ones are read; run that command again"));
      Words words = row.words;
      words.insert(words.end(), {"-o", "set/a.tar", "--volume-size", "64K"});
      world.succeed(words);
      fs::remove(world.path("joined.tar"));
      CHECK(world.ociferry.run({"join", "set", "-o", "joined.tar"}).err.find("Warning") == std::string::npos);
      CHECK(store.same("joined.tar", row.to + ".tar"));
      for (const auto& entry : fs::directory_iterator(world.path("set"))) {
        const std::string file = entry.path().filename().string();
        CAPTURE(file);
        CHECK((file == "SHA256SUMS" || file == "a.tar.volumes.json" || has("of-" + row.to + "/" + file)));
      }
    }
  }
  // A run that was killed when the new ones were complete.
  split("two.tar", "set");
  for (std::size_t number = 2; number <= count_in("of-all"); ++number) {
    fs::copy_file(world.path("of-all/" + name(number)), world.path("set/" + name(number) + ".retired"));
  }
  fs::copy_file(world.path("of-all/a.tar.volumes.json"), world.path("set/a.tar.volumes.json.old"));
  const Outcome verified = world.ociferry.run({"verify", "set"});
  CHECK(verified.exit_code == 0);
  CHECK(contains(verified.err, name(2) + ".retired is left of an older set, and not read: it can be removed"));
  world.succeed({"add", "set", all[1], "-o", "set/a.tar", "--volume-size", "64K"});
  CHECK_FALSE(has("set/" + name(2) + ".retired"));
  CHECK_FALSE(has("set/a.tar.volumes.json.old"));
  fs::remove(world.path("joined.tar"));
  world.succeed({"join", "set", "-o", "joined.tar"});
  CHECK(store.same("joined.tar", "all.tar"));
  // A file of the user is not replaced.
  write_text(world.path("set/a.tar.001.retired"), "mine");
  CHECK(contains(world.fail(1, {"rm", "set", "tools/large:v2", "-o", "set/a.tar", "--volume-size", "64K"}),
                 "a.tar.001.retired exists, and is not a volume"));
}

TEST_CASE("a merge goes to standard output; what writes by name refuses it") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Releases store;
  World& world = store.world;
  store.save({store.at("bundles/two")}, "two.tar");
  store.save({store.at("tools/tool", "v2")}, "tool.tar");
  world.succeed({"merge", "two.tar", "tool.tar", "-o", "merged.tar"});
  const Outcome streamed = world.ociferry.run({"merge", "two.tar", "tool.tar", "-o", "-"});
  INFO(streamed.err);
  CHECK((streamed.out == read_text(world.path("merged.tar"))));
  CHECK(streamed.err.find("to standard output: ") != std::string::npos);
  const std::vector<Words> others{{"rm", "merged.tar", "tool:v2"},
                                  {"add", "two.tar", store.at("tools/tool", "v2")},
                                  {"join", "two.tar"},
                                  {"compact", "two.tar"},
                                  {"inventory", "two.tar"}};
  for (Words words : others) {
    CAPTURE(words.front());
    words.insert(words.end(), {"-o", "-"});
    CHECK(world.fail(1, words).find("the output cannot be -") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(world.path("-")));
  }
  world.succeed({"rm", "merged.tar", "tool:v2", "-o", "./-"});
  CHECK(store.same("-", "two.tar"));
}
