#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <string>

#include "oci/json.hpp"
#include "rows.hpp"
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

std::map<std::string, std::string> files_below(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), directory).string()] = read_text(entry.path());
  }
  return files;
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
};

}  // namespace

TEST_CASE("all commands find the same images in every form of an archive: full, delta, merged, volumes, repaired") {
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
    for (const std::string& archive : {name + ".tar", releases.as_volumes(name), releases.as_repaired(name)}) {
      CAPTURE(archive);
      CHECK(world.succeed({"verify", archive, "--fingerprint", fingerprint}).find(" is whole") != std::string::npos);
      const Json told = Json::parse(world.succeed({"inspect", archive, "--json"}), "inspect");
      CHECK(told.find("images")->dump() == whole.find("images")->dump());
      CHECK((pulled(archive) == files));
      // Names are in locations images, so all go to the same ones, one after the other.
      for (const Words& words : {Words{"import", archive}, Words{"copy", "--tar", archive}}) {
        CAPTURE(words.front());
        fs::remove_all(data_of(world.inside));
        const Words to{"--to-registry", world.inside_repo("mirror")};
        if (name != "merged") world.succeed({"import", "old.tar", to[0], to[1]});
        Words all = words;
        all.insert(all.end(), to.begin(), to.end());
        world.succeed(all);
        compare();
      }
    }
  }
  CHECK(expected.size() > 10);
}
