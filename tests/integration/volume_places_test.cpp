#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "support/contains.hpp"
#include "support/temp.hpp"
#include "volumes.hpp"

// Volumes of one archive in several places, copies of a set beside each other, and volumes that are written where
// others are read.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

TEST_CASE("several volumes and directories of one archive are that archive, in any order, and read once") {
  if (lacks({"docker-registry"})) return;
  Volumes set;
  World& world = set.world;
  fs::create_directory(set.at("other"));
  for (const int number : {2, 4}) {
    fs::rename(set.at(set.volume(number)), set.at("other/apps.tar.00" + std::to_string(number)));
  }
  const std::vector<Words> names{{"other", "set"},
                                 {"set", "other"},
                                 {"set/apps.tar.volumes.json", "other/apps.tar.004"},
                                 {"other/apps.tar.004", "set/apps.tar.003", "other/apps.tar.002", "set/apps.tar.001"}};
  for (const Words& some : names) {
    CAPTURE(some.front());
    const auto told = [&](Words words) {
      words.insert(words.begin() + 1, some.begin(), some.end());
      return world.succeed(words);
    };
    const std::string verified = told({"verify"});
    CHECK(verified.find(" is whole") == verified.rfind(" is whole"));
    CHECK(contains(verified, some.front() + " is whole"));
    CHECK(contains(told({"inspect"}), "1 image (0 bundles)"));
    CHECK(contains(told({"inventory", "-o", "have.json"}), "of 1 archive in have.json"));
    told({"join", "-o", "joined.tar"});
    CHECK((read_text(set.at("joined.tar")) == set.plain()));
    told({"import", "--to-repo", world.inside_repo("apps")});
  }
  CHECK(contains(world.fail(1, {"join", "set", "plain.tar", "--volume-dir", "other", "-o", "x.tar"}),
                 "plain.tar is not of the archive that set is of"));
  // One that is not whole is told once.
  fs::remove(set.at(set.volume(5)));
  const std::string error = world.fail(11, {"verify", "set/apps.tar.001", "set/apps.tar.003", "plain.tar"});
  CHECK(contains(error, "1 of 2 archives are not right"));
}

TEST_CASE("copies of a set, and sets of one name, are each checked with their own volumes") {
  if (lacks({"docker-registry"})) return;
  Volumes set;
  World& world = set.world;
  const Words both{"verify", "set/apps.tar.volumes.json", "pristine/apps.tar.volumes.json"};
  CHECK(set.warnings(both).empty());
  for (const int number : {1, 3, 6}) {
    CAPTURE(number);
    set.anew();
    fs::remove(set.at(set.volume(number)));
    for (const Words& words :
         {both, Words{"verify", "pristine", "set"}, Words{"inventory", "set", "pristine", "-o", "have.json"},
          Words{"verify", "set/apps.tar.volumes.json", "pristine/apps.tar.002", "plain.tar"}}) {
      CAPTURE(words.front());
      const std::string error = world.fail(11, words);
      CHECK(contains(error, words[0] == "verify" ? " archives are not right:\n  - set" : "set"));
      CHECK(contains(error, "(apps.tar.00" + std::to_string(number)));
    }
  }
  // Each lacks another one.
  set.anew();
  fs::remove(set.at(set.volume(2)));
  fs::remove(set.at("pristine/apps.tar.004"));
  CHECK(contains(world.fail(11, both), "2 of 2 archives are not right"));
  // One of last month.
  fs::remove_all(set.at("set"));
  fs::create_directory(set.at("set"));
  push_image(world.outside, "team/app", make_image({.layers = {{.size = 400'000, .seed = 3}}}), "v2");
  world.succeed({"export", world.outside_ref("team/app", "v2"), "-o", "set/apps.tar", "--volume-size", "100K"});
  set.write("pristine/apps.tar", {"--volume-size", "100K"});
  CHECK(set.warnings(both).empty());
}

TEST_CASE("renamed volumes in several directories are one archive, whatever else is named beside them") {
  if (lacks({"docker-registry"})) return;
  Volumes set;
  World& world = set.world;
  fs::create_directory(set.at("other"));
  for (const int number : {2, 4, 5}) {
    fs::rename(set.at(set.volume(number)), set.at("other/disk" + std::to_string(number) + ".bin"));
  }
  fs::rename(set.at(set.volume(1)), set.at("set/disk1.bin"));
  for (const Words& names : {Words{"set", "other"}, Words{"other", "set"}, Words{"set/disk1.bin", "other/disk4.bin"},
                             Words{"plain.tar", "set/apps.tar.volumes.json", "other"}}) {
    CAPTURE(text::join(names, " "));
    for (Words words : {Words{"verify"}, Words{"inventory", "-o", "have.json"}}) {
      words.insert(words.end(), names.begin(), names.end());
      world.succeed(words);
    }
  }
}

TEST_CASE("one archive in several places that lacks volumes is told as such, and once") {
  if (lacks({"docker-registry"})) return;
  for (const int lost : {5, 1}) {
    Volumes set;
    World& world = set.world;
    fs::create_directory(set.at("other"));
    for (const int number : {2, 4}) {
      fs::rename(set.at(set.volume(number)), set.at("other/apps.tar.00" + std::to_string(number)));
    }
    fs::remove(set.at(set.volume(lost)));
    const std::string missing = "(apps.tar.00" + std::to_string(lost);
    for (const Words& names :
         {Words{"set", "other"}, Words{"other", "set"}, Words{"set", "set/apps.tar.003", "other"},
          Words{"set/apps.tar.003", "other/apps.tar.002"}, Words{"other/apps.tar.004", "set/apps.tar.volumes.json"}}) {
      CAPTURE(names.front());
      for (const Words& command : {Words{"join"}, Words{"inspect"}, Words{"verify"}}) {
        Words words = command;
        words.insert(words.end(), names.begin(), names.end());
        if (command.front() == "join") words.insert(words.end(), {"-o", "joined.tar"});
        const std::string error = world.fail(11, words);
        CHECK(contains(error, missing));
        CHECK(error.find(missing) == error.rfind(missing));
      }
    }
    CHECK(contains(world.fail(1, {"join", "set/apps.tar.003", "plain.tar", "-o", "x.tar"}),
                   "plain.tar is not of the archive that set/apps.tar.003 is of"));
  }
}

TEST_CASE("volumes that are read are not replaced by those that are written, with a list or without") {
  if (lacks({"docker-registry"})) return;
  Volumes set;
  World& world = set.world;
  const std::string app = world.outside_ref("team/app");
  push_image(world.outside, "team/other", make_image({.layers = {{.seed = 3}}}), "v1");
  world.succeed({"export", "-i", world.outside_ref("team/other"), "-o", "other.tar"});
  fs::create_directory(set.at("packed"));
  world.succeed({"compact", "plain.tar", "-o", "packed/apps.tar", "--volume-size", "256K"});
  const std::vector<std::pair<Words, std::string>> rows{
      {{"split", "set"}, "set"},
      {{"split", "packed", "--as-it-is"}, "packed"},
      {{"compact", "set/apps.tar.003"}, "set"},
      {{"compact", "other.tar", "--since", "set/apps.tar.volumes.json"}, "set"},
      {{"expand", "packed/apps.tar.001"}, "packed"},
      {{"merge", "other.tar", "set"}, "set"},
      {{"merge", "other.tar", "--base", "set"}, "set"},
      {{"rm", "set/../set", "team/app"}, "set"},
      {{"add", "set", world.outside_ref("team/other")}, "set"},
      {{"export", "-i", app, "--compact", "--since", "set"}, "set"},
      {{"copy", "--tar", "set", "--to-tar"}, "set"}};
  for (const bool has_list : {true, false}) {
    if (!has_list) {
      fs::remove(set.at("set/apps.tar.volumes.json"));
      fs::remove(set.at("packed/apps.tar.volumes.json"));
    }
    for (const auto& row : rows) {
      const Words& words = row.first;
      const std::string& directory = row.second;
      if (!has_list && std::ranges::find(words, "set/apps.tar.volumes.json") != words.end()) continue;
      CAPTURE(text::join(words, " "));
      Words all = words;
      if (words.front() != "copy") all.emplace_back("-o");
      all.insert(all.end(), {directory + "/apps.tar", "--volume-size", "300K"});
      const auto before = files_below(world.path(directory));
      const std::string error = world.fail(1, all);
      INFO(error);
      CHECK(contains(error, "is read, and would be replaced by what is written"));
      CHECK(contains(error, "write to another name or directory"));
      CHECK(files_below(world.path(directory)) == before);
    }
  }
  // Another name, another directory, or one file.
  world.succeed({"split", "set", "--volume-size", "100K", "-o", "set/again.tar"});
  world.succeed({"split", "set/apps.tar.001", "--volume-size", "300K", "-o", "apps.tar"});
  world.succeed({"join", "set/apps.tar.001", "-o", "set/apps.tar"});
  CHECK((read_text(set.at("set/apps.tar")) == set.plain()));
}
