#include <doctest/doctest.h>

#include <algorithm>

#include "bundle/bundle.hpp"
#include "imgpkg_images.hpp"
#include "oci/tag_names.hpp"
#include "rows.hpp"
#include "stream/sha256.hpp"
#include "support/temp.hpp"

// Pushing: digests equal to imgpkg's, and images that imgpkg really made.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::filesystem::path kFixtures = FIXTURES;

}  // namespace

TEST_CASE("push gives imgpkg's digest, at the tag and at the sha256 tag, and a lock file") {
  if (lacks({"docker-registry"})) return;
  World world;
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"basic-step-2-today", "bundle-basic-step-2-today"},
      {"basic-step-2-2021", "bundle-basic-step-2-2021-content"},
  };
  for (const auto& [content, fixture] : rows) {
    const std::string digest = imgpkg_digest(fixture);
    const std::string out = world.succeed({"push", "--tty", "-b", world.outside_ref("pushed/" + content), "-f",
                                           (kFixtures / "content" / content).string(), "--lock-output", "lock.yml"});
    CHECK(out.find("Pushed '" + world.outside.host() + "/pushed/" + content + "@" + digest + "'\nSucceeded\n") !=
          std::string::npos);
    CHECK(World::tags(world.outside, "pushed/" + content) ==
          std::vector<std::string>{image_tag(Digest::parse(digest)), "v1"});
    CHECK(read_text(world.path("lock.yml")) ==
          "---\napiVersion: imgpkg.carvel.dev/v1alpha1\nbundle:\n  image: " + world.outside.host() + "/pushed/" +
              content + "@" + digest + "\n  tag: v1\nkind: BundleLock\n");
  }
  CHECK(imgpkg_digest(rows[1].second).starts_with("sha256:05b624d3"));
}

TEST_CASE("a second push of the same files writes nothing, and prints the same reference") {
  if (lacks({"docker-registry"})) return;
  World world;
  world.write_bundle("files", {});
  const Words arguments = {"push", "-b", world.outside_ref("apps/again"), "-f", "files"};
  const std::string said = world.succeed(arguments);
  CHECK(said ==
        "Pushed '" + world.outside.host() + "/apps/again@" + digest_of(world.outside, "apps/again", "v1") + "'\n");
  world.outside.forget_requests();
  CHECK(world.succeed(arguments) == said);
  CHECK(writes(world.outside).empty());
}

TEST_CASE("push reports a moved tag, and with --keep-tags is refused before anything is written") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Words arguments = {"push", "-i", world.outside_ref("apps/moved"), "-f", "file"};
  const auto digest = [&] { return digest_of(world.outside, "apps/moved", "v1"); };
  write_text(world.path("file"), "1");
  CHECK(run_as(Name::Ociferry, world, arguments).err.empty());
  const std::string first = digest();
  write_text(world.path("file"), "2");
  Words keeping = arguments;
  keeping.emplace_back("--keep-tags");
  world.outside.forget_requests();
  CHECK(world.fail(24, keeping).find("apps/moved:v1 points to " + first + ", not to sha256:") != std::string::npos);
  CHECK(writes(world.outside).empty());
  CHECK(digest() == first);
  const std::string told = run_as(Name::Ociferry, world, arguments).err;
  const std::string second = digest();
  CHECK(second != first);
  CHECK(told == "Warning: moved the tag " + world.outside_ref("apps/moved") + " from " + first + " to " + second +
                    "; --keep-tags refuses to\n");
  world.succeed(keeping);
  // imgpkg says nothing of it.
  write_text(world.path("file"), "3");
  const Outcome outcome = run_as(Name::Imgpkg, world, arguments);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.empty());
  CHECK(digest() != second);
}

TEST_CASE("push puts files, labels and permissions into the image, without exclusions") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  write_text(world.path("files/keep"), "1");
  write_text(world.path("files/leave/out"), "2");
  write_text(world.path("single"), "3");
  world.succeed({"push", "-i", world.outside_ref("apps/image"), "-f", "files,single", "--file-exclusion", "leave", "-l",
                 "a=b,c=d<e"});
  const std::string config = run_or_throw({.arguments = {"skopeo", "inspect", "--config", "--raw", "--tls-verify=false",
                                                         "docker://" + world.outside_ref("apps/image")}});
  CHECK(config.find(R"("Labels":{"a":"b","c":"d\u003ce"})") != std::string::npos);
  world.succeed({"pull", "-i", world.outside_ref("apps/image"), "-o", "pulled"});
  CHECK(read_text(world.path("pulled/keep")) == "1");
  CHECK(read_text(world.path("pulled/single")) == "3");
  CHECK_FALSE(std::filesystem::exists(world.path("pulled/leave")));
}

TEST_CASE("push refuses input that makes no readable bundle before any request") {
  if (lacks({"docker-registry"})) return;
  World world;
  write_text(world.path("plain/file"), "1");
  world.write_bundle("broken", {});
  write_text(world.path("broken/.imgpkg/images.yml"), "kind: Nonsense\n");
  const auto refused = [&](int code, const Words& more) {
    Words arguments = {"push"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world.fail(code, arguments);
  };
  const std::string to = world.outside_ref("apps/app");
  CHECK(refused(1, {"-b", to, "-f", "plain"}).find("missing .imgpkg/images.yml") != std::string::npos);
  CHECK(refused(13, {"-b", to, "-f", "broken"}).find("broken/.imgpkg/images.yml") != std::string::npos);
  CHECK(refused(1, {"-b", to, "-i", to, "-f", "plain"}).find("only one of image or bundle") != std::string::npos);
  CHECK(refused(1, {"-i", to + "@" + sha256("x").text(), "-f", "plain"}).find("a push needs a tag") !=
        std::string::npos);
  CHECK(refused(1, {"-i", to, "-f", "plain", "--lock-output", "lock.yml"}).find("Lock output") != std::string::npos);
  refused(1, {"-i", to, "-f", "plain", "-l", "dev.carvel.imgpkg.bundle=x"});
  refused(22, {"-i", to, "-f", "absent"});
  const std::string lost = world.fail(1, {"push", "-i", to, "-f", "plain"}, {{"TMPDIR", "/nonexistent"}});
  CHECK(lost.find("temporary files") != std::string::npos);
  CHECK(lost.find("set TMPDIR") != std::string::npos);
  CHECK(world.outside.requests().empty());
}

TEST_CASE("a bundle of 2021 with an image at Docker Hub is pulled without relocating its image") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Image image = imgpkg_image("bundle-seed-digest-6716afd7");
  REQUIRE(image.descriptor.digest.text() == imgpkg_digest("bundle-seed-digest-6716afd7"));
  REQUIRE(image.descriptor.digest.text().starts_with("sha256:6716afd7"));
  push_image(world.outside, "dkalinin/new-bundle", image, "bundle");
  const std::string ref = world.outside_ref("dkalinin/new-bundle", "bundle");
  world.succeed({"pull", "-b", ref, "-o", "pulled"});
  const ImagesLock lock = ImagesLock::parse(read_text(world.path("pulled/.imgpkg/images.yml")));
  REQUIRE(lock.images.size() == 1);
  const Reference app = lock.images.front().image;
  CHECK(to_string(app.name) == "index.docker.io/dkalinin/k8s-simple-app");
}
