#include <doctest/doctest.h>

#include "support/layout_builder.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// What is said about archives of other tools that cannot be read as they are: each hint is a command that helps.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// The command at the end of the hint of an error.
std::string command_in(const std::string& error) {
  const auto hint = error.find("hint: ");
  REQUIRE(hint != std::string::npos);
  const auto command = error.find(": ", error.find(": ", hint) + 1);
  REQUIRE(command != std::string::npos);
  return error.substr(command + 2, error.find('\n', command) - command - 2);
}

void shell(World& world, const std::string& script) {
  run_or_throw({.arguments = {"sh", "-ec", script}, .directory = world.path("")});
}

/// `archive` is refused with these words; what the hint's command makes of it is imported.
void check_hint_helps(World& world, const std::string& archive, const std::string& words, const std::string& result) {
  CAPTURE(archive);
  const std::string error = world.fail(13, {"import", archive, "--to-repo", world.inside_repo("never")});
  INFO(error);
  CHECK(error.find(words) != std::string::npos);
  shell(world, command_in(error));
  world.succeed({"import", result, "--to-repo", world.inside_repo("helped")});
  shell(world, "rm -rf images images.tar");
}

}  // namespace

TEST_CASE("an unreadable archive is refused with a command that makes a readable one") {
  if (lacks({"docker-registry", "skopeo", "gzip", "tar"})) return;
  World world;
  push_image(world.outside, "apps/one", make_image({.layers = {{.seed = 1}}}), "v1");
  shell(world, "skopeo copy --src-tls-verify=false docker://" + world.outside.host() +
                   "/apps/one:v1 dir:saved; tar -C saved -cf saved.tar .; skopeo copy dir:saved oci:layout:v1;"
                   "tar -C layout -cf twice.tar . index.json; tar -C layout -czf - . | gzip -c > packed.tar.gz;"
                   "gzip -dc < packed.tar.gz > inner.tar.gz");
  check_hint_helps(world, "saved", "what skopeo writes to \"dir:\"", "images.tar");
  check_hint_helps(world, "saved.tar", "what skopeo writes to \"dir:\"", "images.tar");
  check_hint_helps(world, "twice.tar", "the member 'index.json' occurs twice", "images.tar");
  check_hint_helps(world, "packed.tar.gz", "is packed twice", "packed.tar");
}

TEST_CASE("a layout with its blobs elsewhere is refused with that reason, and is read once they are in place") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  push_image(world.outside, "apps/one", make_image({.layers = {{.seed = 2}}}), "v1");
  shell(world, "skopeo copy --src-tls-verify=false --dest-shared-blob-dir shared docker://" + world.outside.host() +
                   "/apps/one:v1 oci:layout:v1");
  const Words import = {"import", "layout", "--to-repo", world.inside_repo("whole")};
  CHECK(world.fail(11, import).find("belong below its blobs/") != std::string::npos);
  shell(world, "mkdir -p layout/blobs; cp -r shared/. layout/blobs");
  world.succeed(import);
}

TEST_CASE("two images with one name in one archive are refused, and the hint's options import one or both") {
  if (lacks({"docker-registry"})) return;
  World world;
  LayoutBuilder layout;
  const Descriptor amd = layout.image_for("amd64");
  const Descriptor arm = layout.image_for("arm64");
  layout.write(world.path("layout"), {LayoutBuilder::named(amd, "v1"), LayoutBuilder::named(arm, "v1")});
  const std::string name = "unnamed.invalid/image@" + amd.digest.text();
  const std::string error = world.fail(1, {"import", "layout", "--to-repo", world.inside_repo("both")});
  CHECK(error.find("-i " + name + ";") != std::string::npos);
  CHECK(error.find("--no-root-tags --tag " + name + "=v1") != std::string::npos);
  world.succeed({"import", "layout", "--to-repo", world.inside_repo("one"), "-i", name});
  world.succeed({"import", "layout", "--to-repo", world.inside_repo("both"), "--no-root-tags", "--tag", name + "=v1"});
  for (const char* repository : {"one", "both"}) {
    CHECK(world.succeed({"tag", "resolve", "-i", world.inside_repo(repository) + ":v1"}).find(amd.digest.text()) !=
          std::string::npos);
  }
}
