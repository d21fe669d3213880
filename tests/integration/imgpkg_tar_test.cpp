#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// Tars that the real imgpkg wrote, put into a registry.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kTars = FIXTURES "/imgpkg/imgpkg-tar-";
constexpr const char* kOuter = "sha256-dca305998449dc8a86b98e3f73dea29f4f4a9480ae4646c655742218bb7e9897";
constexpr const char* kInner = "sha256-b8e954d90d4932dafd1aa54eecb2137c04f015b480b9fead13132fe50b99ae03";

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

/// A lock file as imgpkg rewrote it on its pull from localhost:5601/art/dst, with another repository.
std::string rewritten_lock(const std::string& file, const std::string& repository) {
  return replaced(read_text(FIXTURES "/imgpkg/pull-recursive/out/dot-imgpkg/" + file), "localhost:5601/art/dst",
                  repository);
}

void check_pulls_as_imgpkg(World& world, const std::string& repository) {
  world.succeed({"pull", "-b", repository + ":v1", "-r", "-o", "pulled"});
  CHECK(read_text(world.path("pulled/.imgpkg/images.yml")) == rewritten_lock("images.yml", repository));
  const std::string inner = std::string("bundles/") + kInner;
  CHECK(read_text(world.path("pulled/.imgpkg") / inner / ".imgpkg/images.yml") ==
        rewritten_lock(inner + "/dot-imgpkg/images.yml", repository));
}

bool has_tag(const RegistryServer& registry, const std::string& repository, const std::string& tag) {
  const auto tags = World::tags(registry, repository);
  return std::ranges::count(tags, tag) == 1;
}

}  // namespace

TEST_CASE("a nested bundle imported from imgpkg's tar is pulled with the lock files that imgpkg writes") {
  if (lacks({"docker-registry"})) return;
  World world;
  const std::string repository = world.inside_repo("art/dst");
  world.succeed({"import", kTars + "outer.tar", "--to-repo", repository, "--lock-output", "lock.yml"});
  check_pulls_as_imgpkg(world, repository);
  for (const char* bundle : {kOuter, kInner}) {
    CHECK(has_tag(world.inside, "art/dst", std::string(bundle) + ".image-locations.imgpkg"));
  }
  CHECK(read_text(world.path("lock.yml")) ==
        "---\napiVersion: imgpkg.carvel.dev/v1alpha1\nbundle:\n  image: " + repository + "@" +
            replaced(kOuter, "sha256-", "sha256:") + "\n  tag: v1\nkind: BundleLock\n");
  CHECK(world.succeed({"import", kTars + "outer.tar", "--to-repo", repository}).find("Nothing to do") !=
        std::string::npos);
}

TEST_CASE("import of an old imgpkg's tar without a marked root writes locations for every bundle") {
  if (lacks({"docker-registry"})) return;
  World world;
  const std::string label = R"({"dev.carvel.imgpkg.copy.root-bundle":""})";
  const std::string tar = read_text(kTars + "outer.tar");
  REQUIRE(tar.find(label) != std::string::npos);
  write_text(world.path("old.tar"), replaced(tar, label, "null" + std::string(label.size() - 4, ' ')));
  const std::string repository = world.inside_repo("old");
  world.succeed({"copy", "--tar", "old.tar", "--to-repo", repository});
  check_pulls_as_imgpkg(world, repository);
  CHECK(world.locations(world.inside, "old", Digest::parse(replaced(kOuter, "sha256-", "sha256:"))) ==
        seed_yaml(
            {{"localhost:5601/apps/multi@sha256:ea334befb1520d84e3aba413641cc3456395a8f662859e081da0fecf4d449310",
              "old", false},
             {"localhost:5601/apps/other@sha256:dcaec55fd8ba9e814133c1fc110e80b0d837b301ba01f7ef590ce39adc6463bd",
              "old", false},
             {"localhost:5601/apps/simple-app@sha256:ba884ecf3f4a440b8565e08be3edec93b2dc857a32e1ce3a782af34b94eb050e",
              "old", false},
             {"localhost:5601/src/inner@" + replaced(kInner, "sha256-", "sha256:"), "old", true}}));
}

TEST_CASE("a tar that a failed run of imgpkg left puts no manifest and no tag into the registry") {
  if (lacks({"docker-registry"})) return;
  World world;
  world.fail(10, {"import", kTars + "partial.tar", "--to-repo", world.inside_repo("dest"), "--verify-first"});
  CHECK(writes(world.inside).empty());
  const std::string said = world.fail(10, {"import", kTars + "partial.tar", "--to-repo", world.inside_repo("dest")});
  CHECK(said.find("sha256-731b5da4198187ce6c107a1d4df8a9bafd2afba02a52e2f04d2f0a8f917f5f35.tar.gz at offset 13824") !=
        std::string::npos);
  world.fail(10, {"copy", "--tar", kTars + "partial.tar", "--to-tar", "new.tar"});
  CHECK_FALSE(std::filesystem::exists(world.path("new.tar")));
  CHECK_FALSE(std::filesystem::exists(world.path("new.tar.partial")));
  CHECK(World::tags(world.inside, "dest").empty());
  CHECK(std::ranges::none_of(writes(world.inside), [](const std::string& request) {
    return request.find("/manifests/") != std::string::npos;
  }));
}

TEST_CASE("signatures in imgpkg's tar keep the tags by which cosign finds them") {
  if (lacks({"docker-registry"})) return;
  World world;
  world.succeed({"import", kTars + "sg.tar", "--to-repo", world.inside_repo("signed")});
  check_pulls_as_imgpkg(world, world.inside_repo("signed"));
  const auto tags = World::tags(world.inside, "signed");
  CHECK(std::ranges::count_if(tags, [](const std::string& tag) { return tag.ends_with(".sig"); }) == 2);
}

TEST_CASE("a foreign layer in imgpkg's tar is imported on demand, and one that is not in it left out with a warning") {
  if (lacks({"docker-registry"})) return;
  World world;
  const std::string blob = "sha256:637bc542a98a0b11e36204c1f5aeb574ae1033ff5a62c2fdc8b574c3df830165";
  const auto import = [&](const std::string& tar, const std::string& repository, const Words& more = {}) {
    Words words = {"import", kTars + tar, "--to-repo", world.inside_repo(repository)};
    words.insert(words.end(), more.begin(), more.end());
    return world.ociferry.run(words);
  };
  const Outcome without = import("nd.tar", "without");
  CHECK(without.exit_code == 0);
  CHECK(without.err.find("non-distributable") != std::string::npos);
  CHECK(without.err.find(blob) != std::string::npos);
  CHECK(world.inside.request("HEAD", "/v2/without/blobs/" + blob).status == 404);
  CHECK(has_tag(world.inside, "without", "inreg"));
  const Outcome with = import("nd2.tar", "with", {"--include-non-distributable-layers"});
  CHECK(with.exit_code == 0);
  CHECK(with.err.find("non-distributable") == std::string::npos);
  CHECK(world.inside.request("HEAD", "/v2/with/blobs/" + blob).status == 200);
}

TEST_CASE("a tar of single images gives an ImagesLock of what was imported") {
  if (lacks({"docker-registry"})) return;
  World world;
  const std::string repository = world.inside_repo("some");
  world.succeed({"copy", "--tar", kTars + "il.tar", "--to-repo", repository, "--lock-output", "lock.yml"});
  CHECK(read_text(world.path("lock.yml")) ==
        "---\napiVersion: imgpkg.carvel.dev/v1alpha1\nimages:\n- image: " + repository +
            "@sha256:ea334befb1520d84e3aba413641cc3456395a8f662859e081da0fecf4d449310\n- image: " + repository +
            "@sha256:ba884ecf3f4a440b8565e08be3edec93b2dc857a32e1ce3a782af34b94eb050e\nkind: ImagesLock\n");
}

TEST_CASE("an old tar converts to the same sealed archive each time, with the same images") {
  if (lacks({"docker-registry"})) return;
  World world;
  world.outside.stop();
  for (const char* name : {"outer", "sg", "il", "nd", "nd2"}) {
    const std::string one = std::string(name) + ".one.tar";
    const std::string two = std::string(name) + ".two.tar";
    world.succeed({"copy", "--tar", kTars + name + ".tar", "--to-tar", one, "--concurrency", "1"});
    world.succeed({"copy", "--tar", kTars + name + ".tar", "--to-tar", two, "--concurrency", "8"});
    CHECK(read_text(world.path(one)) == read_text(world.path(two)));
    const std::string said = world.succeed({"verify", one});
    CHECK(said.find("is whole") != std::string::npos);
    CHECK(said.find("unsealed") == std::string::npos);
  }
  world.succeed({"import", "outer.one.tar", "--to-repo", world.inside_repo("new")});
  check_pulls_as_imgpkg(world, world.inside_repo("new"));
  world.fail(10, {"copy", "--tar", kTars + "partial.tar", "--to-tar", "partial.tar"});
  CHECK_FALSE(std::filesystem::exists(world.path("partial.tar")));
}

TEST_CASE("verify says what it cannot check without a seal, and inspect names the archive's format") {
  const Ociferry ociferry(OCIFERRY_BINARY);
  const Outcome verified = ociferry.run({"verify", kTars + "sg.tar"});
  CHECK(verified.exit_code == 0);
  CHECK(verified.out.find("unsealed imgpkg tar: every blob has its digest and none is missing") != std::string::npos);
  CHECK(ociferry.run({"verify", kTars + "partial.tar"}).exit_code == 10);
  CHECK(ociferry.run({"inspect", kTars + "outer.tar"}).out.find("imgpkg tar (unsealed), 5 images (2 bundles)") !=
        std::string::npos);
}
