#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "oci/json.hpp"
#include "releases.hpp"
#include "support/contains.hpp"
#include "support/temp.hpp"

// Where merge, rm and add write: volumes and parity, and standard output.

using namespace ociferry;
using namespace ociferry::testing;

TEST_CASE("merge, rm and add write volumes and parity") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Releases store;
  World& world = store.world;
  const Words all{store.at("bundles/two"), store.at("tools/tool", "v2")};
  store.save(all, "all.tar");
  store.save({all[0]}, "two.tar");
  store.save({all[1]}, "tool.tar");
  const auto joins_to = [&](const std::string& set, const std::string& whole) {
    std::filesystem::remove(world.path("joined.tar"));
    world.succeed({"join", set, "-o", "joined.tar"});
    CHECK(store.same("joined.tar", whole));
    CHECK(contains(world.succeed({"verify", set}), "Its parity, " + set + "/a.tar.parity, is whole, too"));
    Program sums = world.ociferry.program({});
    sums.arguments = {"sh", "-c", "cd " + set + " && sha256sum -c --strict SHA256SUMS && ls"};
    const Outcome outcome = run(sums);
    INFO(outcome.out);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out.find("a.tar.parity: OK") != std::string::npos);
    CHECK(outcome.out.find(".partial") == std::string::npos);
  };
  const auto divided = [&](Words words, const std::string& set) {
    std::filesystem::create_directory(world.path(set));
    words.insert(words.end(), {"-o", set + "/a.tar", "--volume-size", "64K", "--parity", "30%"});
    return words;
  };
  world.succeed(divided({"merge", "two.tar", "tool.tar"}, "merged"));
  joins_to("merged", "all.tar");
  Words words = divided({"rm", "merged", "tool:v2"}, "rest");
  Words planned = words;
  planned.emplace_back("--dry-run");
  CHECK(contains(world.succeed(planned), "bytes more"));
  words.insert(words.end(), {"--json", "--verify-medium"});
  const Json told = Json::parse(world.succeed(words), "rm");
  CHECK(told.find("volumes")->as_array()->size() > 0);
  CHECK(told.find("medium") != nullptr);
  CHECK(told.find("parity") != nullptr);
  joins_to("rest", "two.tar");
  CHECK(contains(world.succeed(divided({"add", "rest", all[1]}, "more")), "Parity: more/a.tar.parity"));
  joins_to("more", "all.tar");
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
