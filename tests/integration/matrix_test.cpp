#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "oci/json.hpp"
#include "rows.hpp"
#include "stream/sha256.hpp"
#include "support/temp.hpp"

// Whatever an archive leaves out, and in whatever pieces it comes, everything that reads it finds the same.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

fs::path data_of(const RegistryServer& registry) { return registry.data_directory() / "data/docker"; }

/// What a docker-registry has: the blobs that its repositories link, manifests, where tags point to.
std::map<std::string, std::string> state_of(const RegistryServer& registry) {
  const fs::path place = data_of(registry) / "registry/v2/repositories";
  std::map<std::string, std::string> state;
  for (const auto& entry : fs::recursive_directory_iterator(place)) {
    const std::string name = fs::relative(entry.path(), place).string();
    if (entry.is_regular_file() && name.find("_uploads/") == std::string::npos) state[name] = read_text(entry.path());
  }
  return state;
}

/// All that a file, or the volumes in a directory, hold.
std::string bytes_of(const fs::path& archive) {
  if (!fs::is_directory(archive)) return read_text(archive);
  std::string bytes;
  for (const auto& [name, content] : files_below(archive)) {
    if (name.starts_with("a.tar.0")) bytes += content;
  }
  return bytes;
}

/// An older release, old.tar, and what comes after it: full.tar, delta.tar, and both together, merged.tar.
struct TwoReleases {
  World world;
  std::string bundle;

  TwoReleases() {
    const Reference app = push_image(world.outside, "team/app", make_image({.layers = {{.size = 90'000}}}), "v1");
    const Reference tool =
        push_image(world.outside, "team/tool", make_image({.layers = {{.size = 60'000, .seed = 2}}}), "v1");
    world.push_bundle("team/release", {app, tool});
    bundle = world.outside_ref("team/release");
    world.succeed({"export", "-i", world.outside_ref("team/app"), "-o", "old.tar"});
    world.succeed({"export", "-b", bundle, "-o", "full.tar"});
    world.succeed({"export", "-b", bundle, "--have", "old.tar", "-o", "delta.tar"});
    world.succeed({"merge", "old.tar", "delta.tar", "-o", "merged.tar"});
    REQUIRE(fs::file_size(world.path("delta.tar")) + 80'000 < fs::file_size(world.path("full.tar")));
  }

  /// The same archive in another form; returns its name.
  std::string as_volumes(const std::string& name) {
    fs::create_directory(world.path(name + "-volumes"));
    world.succeed({"split", name + ".tar", "--volume-size", "64K", "-o", name + "-volumes/a.tar"});
    fs::remove(world.path(name + "-volumes/a.tar.volumes.json"));
    return name + "-volumes";
  }
  std::string as_repaired(const std::string& name) {
    const std::string file = name + "-lost.tar";
    write_text(world.path(file), read_text(world.path(name + ".tar")));
    world.succeed({"protect", file, "--parity", "30%"});
    fs::resize_file(world.path(file), fs::file_size(world.path(file)) * 4 / 5);
    world.succeed({"repair", file, "-o", name + "-repaired.tar"});
    return name + "-repaired.tar";
  }
  std::string as_compact(const std::string& name) {
    world.succeed({"compact", name + ".tar", "-o", name + ".zst"});
    return name + ".zst";
  }
};

/// How a command ends, what it says of `archive`, without its name, and what it writes to "out" and below it.
std::string seen_by(World& world, const Words& words, const std::string& archive) {
  fs::remove_all(world.path("out"));
  fs::create_directory(world.path("out"));
  const Outcome outcome = world.ociferry.run(words);
  std::string seen = std::to_string(outcome.exit_code) + outcome.out;
  if (outcome.exit_code != 0) seen += outcome.err;
  for (std::size_t at = 0; (at = seen.find(archive, at)) != std::string::npos;) seen.replace(at, archive.size(), "IT");
  for (const auto& [name, content] : files_below(world.path("out"))) {
    if (name.find("volumes.json") == std::string::npos) seen += "\n" + name + " " + sha256(content).text();
  }
  return seen;
}

/// What is done with `archive`, of which `bases` are what it builds on.
std::vector<Words> commands_for(const TwoReleases& releases, const std::string& archive, const Words& bases) {
  const std::string app = releases.world.outside_ref("team/app");
  std::vector<Words> commands{{"ls", archive},
                              {"diff", archive, "old.tar"},
                              {"inventory", archive, "-o", "out/have.json"},
                              {"export", "-b", releases.bundle, "--have", archive, "-o", "out/later.tar"},
                              {"split", archive, "--volume-size", "64K", "-o", "out/a.tar"}};
  const std::vector<Words> reading_layers{{"verify", archive},
                                          {"ls", archive, "team/app"},
                                          {"cat", archive, "team/app", "file-1-90000"},
                                          {"extract", archive, "team/app", "-o", "out/files"},
                                          {"merge", archive, "old.tar", "-o", "out/both.tar"},
                                          {"merge", archive, "-o", "out/a.tar", "--volume-size", "64K"},
                                          {"rm", archive, "team/app:v1", "-o", "out/rest.tar"},
                                          {"add", archive, app, "-o", "out/more.tar"},
                                          {"copy", "--tar", archive, "--to-tar", "out/copy.tar"}};
  for (Words words : reading_layers) {
    if (words.front() != "verify") words.insert(words.end(), bases.begin(), bases.end());
    commands.push_back(std::move(words));
  }
  return commands;
}

}  // namespace

TEST_CASE("all commands find the same images in every form of an archive: a file, volumes, repaired, compact") {
  if (lacks({"docker-registry"})) return;
  TwoReleases releases;
  World& world = releases.world;
  for (const std::string name : {"full", "delta", "merged"}) {
    const Words bases = name == "delta" ? Words{"--base", "old.tar"} : Words{};
    const std::string plain = name + ".tar";
    std::vector<std::string> expected;
    for (const Words& words : commands_for(releases, plain, bases)) expected.push_back(seen_by(world, words, plain));
    for (const std::string& archive :
         {releases.as_volumes(name), releases.as_repaired(name), releases.as_compact(name)}) {
      const std::vector<Words> commands = commands_for(releases, archive, bases);
      REQUIRE(commands.size() == expected.size());
      for (std::size_t i = 0; i < commands.size(); ++i) {
        CAPTURE(archive);
        CAPTURE(commands[i].front());
        CHECK(seen_by(world, commands[i], archive) == expected[i]);
      }
    }
    for (const std::string& seen : expected) {
      INFO(seen);
      CHECK((seen.front() == '0' || seen.find("the archive has no") != std::string::npos));
    }
  }
}

TEST_CASE("every form of an archive, full, delta or merged, leaves the same in a registry") {
  if (lacks({"docker-registry"})) return;
  TwoReleases releases;
  World& world = releases.world;
  std::map<std::string, std::string> expected;
  const auto compare = [&] {
    const auto state = state_of(world.inside);
    if (expected.empty()) expected = state;
    for (const auto& one : expected) {
      const auto found = state.find(one.first);
      CHECK_MESSAGE(found != state.end(), "lacks " << one.first);
      if (found != state.end()) CHECK_MESSAGE(found->second == one.second, one.first);
    }
    for (const auto& one : state) CHECK_MESSAGE(expected.contains(one.first), "also has " << one.first);
  };
  const auto pulled = [&](const std::string& archive) {
    fs::remove_all(world.path("pulled"));
    world.succeed({"pull", "--from", archive, "-b", releases.bundle, "-o", "pulled"});
    return files_below(world.path("pulled"));
  };
  const auto files = pulled("full.tar");
  REQUIRE(files.contains(".imgpkg/images.yml"));
  for (const std::string name : {"full", "delta", "merged"}) {
    const Json whole = Json::parse(world.succeed({"inspect", name + ".tar", "--json"}), "inspect");
    const std::string fingerprint = whole.string_at("fingerprint");
    for (const std::string& archive :
         {name + ".tar", releases.as_volumes(name), releases.as_repaired(name), releases.as_compact(name)}) {
      CAPTURE(archive);
      CHECK(world.succeed({"verify", archive, "--fingerprint", fingerprint}).find(" is whole") != std::string::npos);
      const Json told = Json::parse(world.succeed({"inspect", archive, "--json"}), "inspect");
      CHECK(told.find("images")->dump() == whole.find("images")->dump());
      CHECK((pulled(archive) == files));
      // Names are in locations images, so all go to the same ones, one after the other.
      for (const Words& words : {Words{"import", archive}, Words{"import", "-"}, Words{"copy", "--tar", archive}}) {
        CAPTURE(words.front());
        fs::remove_all(data_of(world.inside));
        const Words to{"--to-registry", world.inside_repo("mirror")};
        if (name != "merged") world.succeed({"import", "old.tar", to[0], to[1]});
        Words all = words;
        all.insert(all.end(), to.begin(), to.end());
        Program program = world.ociferry.program(all);
        if (words.back() == "-") program.input = bytes_of(world.path(archive));
        const Outcome outcome = run(program);
        INFO(outcome.err);
        CHECK(outcome.exit_code == 0);
        compare();
      }
    }
  }
  CHECK(expected.size() > 10);
}
