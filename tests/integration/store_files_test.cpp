#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "oci/json.hpp"
#include "rows.hpp"
#include "support/contains.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"

// What is in the images of an archive, without any registry: pull --from, ls, cat and extract.

using namespace ociferry;
using namespace ociferry::testing;
namespace fs = std::filesystem;

namespace {

LayerRecipe layer_of(const TarBuilder& tar, LayerCompression compression = LayerCompression::Gzip) {
  return {.compression = compression, .tar = tar.tar()};
}

/// An archive with one image of the given layers.
void save_image(World& world, const std::vector<LayerRecipe>& layers, const std::string& archive) {
  push_image(world.outside, "team/image", make_image({.layers = layers}), "v1");
  world.succeed({"export", "-i", world.outside_ref("team/image"), "-o", archive});
  world.outside.forget_requests();
}

bool is_same_tree(const World& world, const std::string& one, const std::string& other) {
  const Outcome outcome = run({.arguments = {"diff", "-r", world.path(one).string(), world.path(other).string()}});
  INFO(outcome.out);
  CHECK(outcome.exit_code == 0);
  return outcome.exit_code == 0;
}

/// Everything below the directory that ociferry runs in, but for archives.
std::vector<std::string> things_in_home(const World& world) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(world.path(""))) {
    if (entry.path().extension() != ".tar") names.push_back(entry.path().string());
  }
  std::ranges::sort(names);
  return names;
}

/// A small system in three layers: one file deleted, one replaced, links of all kinds.
std::vector<LayerRecipe> small_system() {
  return {
      layer_of(TarBuilder()
                   .directory("etc/")
                   .file("etc/motd", "old\n")
                   .file("usr/lib/os-release", "NAME=small\n", 0644, 1700000000)
                   .symlink("etc/os-release", "/usr/lib/os-release")
                   .symlink("lib", "usr/lib")
                   .file("var/cache/big", std::string(5000, 'x'))),
      layer_of(
          TarBuilder().file("etc/motd", "new\n", 0600).file("var/cache/.wh..wh..opq", "").file("bin/sh", "#!", 04755),
          LayerCompression::Zstd),
      layer_of(TarBuilder()
                   .hardlink("bin/bash", "bin/sh")
                   .file("bin/.wh.none", "")
                   .file("data", std::string("\0\x1b[31m", 6)),
               LayerCompression::None)};
}

}  // namespace

TEST_CASE("pull --from gives the same files as a pull from the registry, but keeps the lock file") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Reference web = push_image(world.outside, "team/web", make_image(), "v1");
  const Reference inner = world.push_bundle("bundles/inner", {web});
  world.push_bundle("bundles/outer", {web, inner});
  const std::string outer = world.outside_ref("bundles/outer");
  world.succeed({"export", "-b", outer, "-o", "a.tar"});
  world.succeed({"pull", "-b", outer, "-r", "-o", "from-registry"});
  world.outside.forget_requests();
  const Json report = Json::parse(world.succeed({"pull", "--from", "a.tar", "-r", "-o", "pulled", "--json"}), "report");
  CHECK(world.outside.requests().empty());
  CHECK(report.string_at("archive") == "a.tar");
  CHECK(report.string_at("pulled").starts_with(world.outside.host() + "/bundles/outer@sha256:"));
  CHECK(report.find("nested")->as_array()->size() == 1);
  CHECK(is_same_tree(world, "pulled", "from-registry"));

  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("moved"), "--lock-output", "lock.yml"});
  world.succeed({"copy", "--tar", "a.tar", "--to-tar", "b.tar"});
  fs::remove(world.path("a.tar"));
  const std::string told = world.succeed({"pull", "--from", "b.tar", "--lock", "lock.yml", "-r", "-o", "by-lock"});
  CHECK(contains(told, "The lock file names its images as before: nothing was relocated"));
  CHECK(is_same_tree(world, "by-lock", "from-registry"));
  world.succeed({"pull", "--from", "b.tar", "-b", "inner", "-o", "inner"});
  CHECK(contains(read_text(world.path("inner/.imgpkg/images.yml")), world.outside.host() + "/team/web@"));
  world.succeed({"pull", "--from", "b.tar", "-i", web.digest->text().substr(7, 8), "-o", "web"});
  CHECK(contains(world.fail(1, {"pull", "--from", "b.tar", "-i", "outer", "-o", "no"}), "Use -b instead of -i"));
  CHECK(
      contains(world.fail(1, {"pull", "--from", "b.tar", "-b", "otuer", "-o", "no"}), "did you mean '" + outer + "'?"));
  CHECK(contains(world.fail(22, {"pull", "--from", "none.tar", "-o", "no"}), "none.tar"));
  CHECK_FALSE(fs::exists(world.path("no")));
}

TEST_CASE("pull --from, ls and cat read archives of other tools") {
  World world;
  const std::string fixtures = FIXTURES;
  const std::string imgpkg = fixtures + "/imgpkg/imgpkg-tar-outer.tar";
  world.succeed({"pull", "--from", imgpkg, "-r", "-o", "outer"});
  CHECK(fs::exists(world.path("outer/.imgpkg/bundles")));
  CHECK(world.succeed({"cat", imgpkg, "outer:v1", ".imgpkg/images.yml"}) ==
        read_text(world.path("outer/.imgpkg/images.yml")));
  const std::string podman = fixtures + "/podman-4.3.1/save-m.tar";
  const std::string images = world.succeed({"ls", podman, "--column", "tag,kind"});
  CHECK(images == "v1\timage\t\nv2\timage\t\n");
  CHECK(contains(world.fail(1, {"pull", "--from", podman, "-o", "no"}), "more than one image, so name one of:"));
  world.succeed({"extract", podman, "one", "-o", "one"});
  const std::string file = "a";
  CHECK(world.succeed({"cat", podman, "v1", file}) == read_text(world.path("one/" + file)));
  const std::string multi = fixtures + "/imgpkg/imgpkg-tar-il.tar";
  CHECK(contains(world.fail(1, {"ls", multi, "multi"}), "  - linux/amd64\n  - linux/arm64\n  hint: choose one with "));
  CHECK(contains(world.fail(22, {"ls", multi, "multi", "--platform", "linux/s390x"}), "no image for that platform"));
  CHECK(contains(world.succeed({"ls", multi, "multi", "--platform", "linux/arm64"}), " arch\n"));
}

TEST_CASE("ls lists the files that the layers leave, as tar would, and cat follows links within the image") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  save_image(world, small_system(), "a.tar");
  CHECK(world.succeed({"ls", "a.tar", "image"}) ==
        "drwxr-xr-x 0/0                0 1970-01-01 00:00 bin/\n"
        "-rwsr-xr-x 0/0                2 1970-01-01 00:00 bin/bash\n"
        "-rwsr-xr-x 0/0                2 1970-01-01 00:00 bin/sh\n"
        "-rw-r--r-- 0/0                6 1970-01-01 00:00 data\n"
        "drwxr-xr-x 0/0                0 1970-01-01 00:00 etc/\n"
        "-rw------- 0/0                4 1970-01-01 00:00 etc/motd\n"
        "lrw-r--r-- 0/0                0 1970-01-01 00:00 etc/os-release -> /usr/lib/os-release\n"
        "lrw-r--r-- 0/0                0 1970-01-01 00:00 lib -> usr/lib\n"
        "drwxr-xr-x 0/0                0 1970-01-01 00:00 usr/\n"
        "drwxr-xr-x 0/0                0 1970-01-01 00:00 usr/lib/\n"
        "-rw-r--r-- 0/0               11 2023-11-14 22:13 usr/lib/os-release\n"
        "drwxr-xr-x 0/0                0 1970-01-01 00:00 var/\n"
        "drwxr-xr-x 0/0                0 1970-01-01 00:00 var/cache/\n");
  for (const char* path : {"etc/os-release", "/lib/os-release", "usr/../etc/os-release"}) {
    CHECK(world.succeed({"cat", "a.tar", "image", path}) == "NAME=small\n");
  }
  CHECK(world.succeed({"cat", "a.tar", "image", "etc/motd"}) == "new\n");
  CHECK(world.succeed({"cat", "a.tar", "image", "bin/bash"}) == "#!");
  CHECK(world.succeed({"cat", "a.tar", "image", "data"}) == std::string("\0\x1b[31m", 6));
  const Json found = Json::parse(world.succeed({"cat", "a.tar", "image", "etc/os-release", "--json"}), "found");
  CHECK(found.find("file")->string_at("path") == "usr/lib/os-release");
  CHECK(found.string_at("content") == "TkFNRT1zbWFsbAo=");
  const Json list = Json::parse(world.succeed({"ls", "a.tar", "image", "--json"}), "list");
  CHECK(list.find("files")->as_array()->size() == 13);
  CHECK(contains(world.fail(22, {"cat", "a.tar", "image", "var/cache/big"}), "the image has no 'var/cache/big'"));
  CHECK(contains(world.fail(1, {"cat", "a.tar", "image", "/"}), "is a directory"));
  CHECK(world.outside.requests().empty());
}

TEST_CASE("extract unpacks an image as pull does, or some of its paths, and replaces only earlier outputs") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  save_image(world, small_system(), "a.tar");
  world.succeed({"pull", "--from", "a.tar", "-i", "image", "-o", "pulled"});
  world.succeed({"extract", "a.tar", "image", "-o", "all"});
  CHECK(is_same_tree(world, "all", "pulled"));
  CHECK(fs::hard_link_count(world.path("all/bin/bash")) == 2);
  CHECK(fs::status(world.path("all/bin/sh")).permissions() == fs::perms(0755));  // no setuid
  const std::string told =
      world.succeed({"extract", "a.tar", "image", "lib/os-release", "bin/bash", "lib", "-o", "some"});
  CHECK(contains(told, "Extracted 2 files of "));
  CHECK(read_text(world.path("some/usr/lib/os-release")) == "NAME=small\n");
  CHECK(fs::read_symlink(world.path("some/lib")) == "usr/lib");
  CHECK(read_text(world.path("some/bin/bash")) == "#!");
  CHECK_FALSE(fs::exists(world.path("some/bin/sh")));
  CHECK_FALSE(fs::exists(world.path("some/etc")));
  static_cast<void>(world.fail(22, {"extract", "a.tar", "image", "etc", "absent", "-o", "some"}));
  CHECK(fs::exists(world.path("some/bin/bash")));
  world.succeed({"extract", "a.tar", "image", "etc", "-o", "some"});
  CHECK_FALSE(fs::exists(world.path("some/bin")));
  write_text(world.path("mine/notes"), "mine");
  static_cast<void>(world.fail(24, {"extract", "a.tar", "image", "-o", "mine"}));
  CHECK(read_text(world.path("mine/notes")) == "mine");
}

TEST_CASE("extract and cat of hostile layers write nothing outside, and read no file of this machine") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  write_text(world.path("secret"), "secret");
  const std::string up = "../../../../../../../../../../../../../../.." + world.path("secret").string();
  save_image(world,
             {layer_of(TarBuilder()
                           .file("../evil", "x")
                           .file("/absolute", "below")
                           .symlink("out", "/")
                           .symlink("up", up)
                           .symlink("loop", "loop")
                           .hardlink("hard", up)
                           .symlink("dir", "../../../..")
                           .member({.name = "device", .type = '3'})),
              layer_of(TarBuilder().file("dir/below", "x").file("out/etc/passwd", "of the image\n"))},
             "a.tar");
  const std::vector<std::string> before = things_in_home(world);
  const Outcome listed = world.ociferry.run({"ls", "a.tar", "image"});
  CHECK(listed.exit_code == 0);
  CHECK(contains(listed.err, "2 members of the layers left out, which no program should unpack"));
  CHECK(contains(listed.out, "crw-r--r-- 0/0                0 1970-01-01 00:00 device\n"));
  CHECK(world.succeed({"cat", "a.tar", "image", "out/etc/passwd"}) == "of the image\n");
  CHECK(world.succeed({"cat", "a.tar", "image", "../../absolute"}) == "below");
  static_cast<void>(world.fail(22, {"cat", "a.tar", "image", "up"}));
  static_cast<void>(world.fail(22, {"cat", "a.tar", "image", "hard"}));
  static_cast<void>(world.fail(1, {"cat", "a.tar", "image", "device"}));
  CHECK(contains(world.fail(13, {"cat", "a.tar", "image", "loop"}), "symbolic links"));
  CHECK(things_in_home(world) == before);
  const Outcome extracted = world.ociferry.run({"extract", "a.tar", "image", "-o", "x"});
  CHECK(extracted.exit_code == 0);
  CHECK(contains(extracted.err, "4 links or special files were left out"));
  CHECK(read_text(world.path("x/etc/passwd")) == "of the image\n");
  CHECK(read_text(world.path("x/below")) == "x");
  CHECK_FALSE(fs::exists(fs::symlink_status(world.path("x/out"))));
  fs::remove_all(world.path("x"));
  CHECK(things_in_home(world) == before);
  static_cast<void>(world.fail(13, {"pull", "--from", "a.tar", "-o", "x"}));
  CHECK(things_in_home(world) == before);
}

TEST_CASE("cat and extract of a damaged layer print nothing and leave no file") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  save_image(world, {layer_of(TarBuilder().file("first", "1")), {.size = 300'000, .seed = 7}}, "a.tar");
  std::string bytes = read_text(world.path("a.tar"));
  bytes[bytes.size() - 100'000] = static_cast<char>(bytes[bytes.size() - 100'000] ^ 1);
  write_text(world.path("a.tar"), bytes);
  const std::vector<std::string> before = things_in_home(world);
  for (const Words& words :
       {Words{"cat", "a.tar", "image", "first"}, Words{"ls", "a.tar", "image"},
        Words{"extract", "a.tar", "image", "-o", "x"}, Words{"pull", "--from", "a.tar", "-o", "x"}}) {
    const Outcome outcome = world.ociferry.run(words);
    INFO(words.front() << outcome.err);
    CHECK(outcome.exit_code == 10);
    CHECK(outcome.out.empty());
    CHECK(contains(outcome.err, "content has digest"));
    CHECK(things_in_home(world) == before);
  }
}

TEST_CASE("cat ends silently when its reader closes the pipe") {
  World world;
  const std::string archive = std::string(FIXTURES) + "/imgpkg/imgpkg-tar-outer.tar";
  const Outcome outcome =
      run({.arguments = {"bash", "-c",
                         std::string(OCIFERRY_BINARY) + " cat " + archive + " outer .imgpkg/images.yml | true"}});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.empty());
  CHECK(contains(world.fail(1, {"cat", archive, "outer"}), "PATH is missing"));
  CHECK(contains(world.fail(1, {"cat", archive}), "IMAGE is missing"));
  CHECK(contains(world.fail(1, {"ls", archive, "outer", "x"}), "'x' is one argument too many"));
}
