#include <doctest/doctest.h>

#include "rows.hpp"
#include "support/golden.hpp"
#include "support/temp.hpp"

// pull, flag by flag.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// Bundles low < mid < top outside, with all they need at {I}/all:v1, and an image and an index outside.
struct PullSource {
  explicit PullSource(World& world)
      : app(push_image(world.outside, "apps/app", make_image(), "v1")),
        low(world.push_bundle("bundles/low", {app})),
        mid(world.push_bundle("bundles/mid", {low, app})),
        top(world.push_bundle("bundles/top", {mid, low})) {
    push_image(world.outside, "apps/index", make_index({make_image()}), "v1");
    write_text(world.path("files/file"), "1");
    world.succeed({"push", "-i", world.outside_ref("apps/files"), "-f", "files"});
    world.succeed({"copy", "-b", world.outside_ref("bundles/top"), "--to-repo", world.inside_repo("all"),
                   "--lock-output", "top.yml"});
  }

  Reference app;
  Reference low;
  Reference mid;
  Reference top;
};

auto pulled(const std::string& file, const std::string& text) {
  return [=](World& world, const std::string&, const Outcome&) {
    CHECK(read_text(world.path(file)).find(text) != std::string::npos);
  };
}

auto absent(const std::string& file) {
  return
      [=](World& world, const std::string&, const Outcome&) { CHECK_FALSE(std::filesystem::exists(world.path(file))); };
}

}  // namespace

TEST_CASE("pull takes imgpkg's flags in all their forms") {
  if (lacks({"docker-registry"})) return;
  World world;
  const PullSource source(world);
  write_text(world.path("old/stays-not"), "x");
  write_text(world.path("pulled/stays-not"), "x");
  write_text(world.path("pulled/.imgpkg/images.yml"), "x");
  check_rows(world,
             {
                 {.name = "bundle, not recursive",
                  .arguments = {"pull", "-b", "{I}/all:v1", "-o", "a"},
                  .after = absent("a/.imgpkg/bundles")},
                 {.name = "its lock file is rewritten",
                  .arguments = {"pull", "--bundle={I}/all:v1", "--output=b"},
                  .after = pulled("b/.imgpkg/images.yml", world.inside.host() + "/all@")},
                 {.name = "recursive",
                  .arguments = {"pull", "-rb{I}/all:v1", "-oc"},
                  .after = pulled("c/.imgpkg/bundles/sha256-" + std::string(source.low.digest->hex()) + "/config.yml",
                                  "name")},
                 {.name = "not recursive",
                  .arguments = {"pull", "--recursive=false", "-b", "{I}/all:v1", "-o", "d"},
                  .after = absent("d/.imgpkg/bundles")},
                 {.name = "of several bundles none is lost",
                  .arguments = {"pull", "-b", "{I}/nowhere:v1", "-b", "{I}/all:v1", "-o", "last"},
                  .exit_code = 1,
                  .err = "Error: --bundle (-b) is given more than once, but only one value counts\n",
                  .after = absent("last")},
                 {.name = "by lock file",
                  .arguments = {"pull", "--lock", "top.yml", "-o", "e"},
                  .after = pulled("e/config.yml", "bundle-bundles-top")},
                 {.name = "image",
                  .arguments = {"pull", "-i", "{O}/apps/files:v1", "-o", "f"},
                  .after = pulled("f/file", "1")},
                 {.name = "a bundle as it is",
                  .arguments = {"pull", "-i", "{I}/all:v1", "--image-is-bundle-check=false", "-o", "g"},
                  .after = pulled("g/.imgpkg/images.yml", world.outside.host() + "/bundles/")},
                 {.name = "the check, asked for with a bundle",
                  .arguments = {"pull", "-b", "{I}/all:v1", "--image-is-bundle-check", "-o", "h"},
                  .after = pulled("h/config.yml", "name")},
                 {.name = "into a directory that a pull made",
                  .arguments = {"pull", "-b", "{I}/all:v1", "-o", "pulled"},
                  .after = absent("pulled/stays-not")},
                 {.name = "into a directory that somebody made",
                  .arguments = {"pull", "-b", "{I}/all:v1", "-o", "old"},
                  .exit_code = 24,
                  .err = "Error: 'old' holds files that no pull put there\n",
                  .after = pulled("old/stays-not", "x")},
                 {.name = "the same, by force",
                  .arguments = {"pull", "-b", "{I}/all:v1", "-o", "old", "--force"},
                  .after = absent("old/stays-not")},
                 {.name = "an image that is not there",
                  .arguments = {"pull", "-i", "{O}/apps/files:latest", "-o", "i"},
                  .exit_code = 22,
                  .err = "/apps/files:latest: not found",
                  .after = absent("i")},
             });
}

TEST_CASE("pull refuses what imgpkg refuses, in its words, and leaves the output directory alone") {
  if (lacks({"docker-registry"})) return;
  World world;
  const PullSource source(world);
  write_text(world.path("images.yml"), "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\n");
  write_text(world.path("out/kept"), "x");
  write_text(world.path("out/.imgpkg/images.yml"), "x");  // as if a pull had made it
  std::vector<Row> rows = {
      {.arguments = {"pull", "-b", "{I}/all:v1"}, .err = "Error: required flag(s) \"output\" not set\n"},
      {.arguments = {"pull", "-b", "{I}/all:v1", "-o", ""}, .err = "Error: expected --output to be non-empty\n"},
      {.arguments = {"pull", "-o", "out"}, .err = "Error: Expected either image or bundle reference\n"},
      {.arguments = {"pull", "-b", "{I}/all:v1", "-i", "{I}/all:v1", "-o", "out"},
       .err = "Error: Expected only one of image, bundle, or lock\n"},
      {.arguments = {"pull", "-i", "{O}/apps/app:v1", "-r", "-o", "out"},
       .err = "Error: Cannot use --recursive (-r) flag when pulling an image\n"},
      {.arguments = {"pull", "-b", "{I}/all:v1", "--image-is-bundle-check=false", "-o", "out"},
       .err = "Error: Cannot set --image-is-bundle-check while using -b flag\n"},
      {.arguments = {"pull", "-i", "{I}/all:v1", "-o", "out"},
       .err = "Error: Expected bundle flag when pulling a bundle\n  hint: Use -b instead of -i for bundles\n"},
      {.arguments = {"pull", "-b", "{O}/apps/app:v1", "-o", "out"},
       .err = "Error: Expected bundle image but found plain image\n  hint: Did you use -i instead of -b?\n"},
      {.arguments = {"pull", "-i", "{O}/apps/index:v1", "-o", "out"},
       .err = "Error: Unable to pull non-images, such as image indexes."},
      {.arguments = {"pull", "--lock", "images.yml", "-o", "out"}, .err = "a pull takes a BundleLock\n"},
  };
  for (const char* directory : {"/", ".", "..", "out/.."}) {
    rows.push_back({.arguments = {"pull", "-b", "{I}/all:v1", "-o", directory},
                    .err = "Error: Disallowed output directory (trying to avoid accidental deletion)\n"});
  }
  for (Row& row : rows) {
    row.name = row.err;
    row.exit_code = 1;
    row.after = pulled("out/kept", "x");
  }
  check_rows(world, rows);
}

TEST_CASE("pulls on a terminal print imgpkg's lines") {
  if (lacks({"docker-registry"})) return;
  World world;
  const PullSource source(world);
  const auto golden = [&](const std::string& file, const Words& words) {
    const Outcome outcome = run_as(Name::Imgpkg, world, words);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.empty());
    check_golden(kCliGolden / file, timeless(outcome.out, world));
  };
  golden("pull-tty.txt", {"pull", "--tty", "-b", world.inside_repo("all") + ":v1", "-o", "a"});
  golden("pull-recursive-tty.txt", {"pull", "--tty", "-r", "-b", world.inside_repo("all") + ":v1", "-o", "a"});
  golden("pull-not-relocated-tty.txt", {"pull", "--tty", "-b", world.outside_ref("bundles/top"), "-o", "a"});
  golden("pull-image-tty.txt", {"pull", "--tty", "-i", world.outside_ref("apps/files"), "-o", "a"});
  golden("pull-json.txt", {"pull", "--json", "-b", world.inside_repo("all") + ":v1", "-o", "a"});
}

TEST_CASE("a recursive pull prints what imgpkg printed for such a bundle") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  const Reference inner = world.push_bundle("bundles/inner", {app});
  world.push_bundle("bundles/outer", {app, inner});
  world.succeed({"copy", "-b", world.outside_ref("bundles/outer"), "--to-repo", world.inside_repo("art/dst")});
  const std::string out =
      world.succeed({"pull", "--tty", "-r", "-b", world.inside_repo("art/dst") + ":v1", "-o", "pulled"});
  std::string theirs = read_text(std::filesystem::path(FIXTURES) / "imgpkg/pull-recursive/stdout.txt");
  const std::string their_host = "localhost:5601";
  for (auto at = theirs.find(their_host); at != std::string::npos; at = theirs.find(their_host)) {
    theirs.replace(at, their_host.size(), "inside:5000");
  }
  CHECK(timeless(out, world) == timeless(theirs, world));
}

TEST_CASE("called as imgpkg, errors have imgpkg's form and exit code, also in JSON") {
  if (lacks({"docker-registry"})) return;
  World world;
  const std::vector<std::pair<std::string, Words>> rows = {
      {"error-missing", {"pull", "-b", world.outside_ref("apps/none"), "-o", "a"}},
      {"error-usage", {"pull", "-b", world.outside_ref("apps/none")}},
      {"error-json", {"pull", "--json", "-b", world.outside_ref("apps/none"), "-o", "a"}},
  };
  for (const auto& [file, words] : rows) {
    for (const Name name : {Name::Imgpkg, Name::Ociferry}) {
      const Outcome outcome = run_as(name, world, words);
      CHECK(outcome.exit_code == (name == Name::Imgpkg || file == "error-usage" ? 1 : 22));
      check_golden(kCliGolden / (file + (name == Name::Imgpkg ? "-imgpkg.txt" : ".txt")),
                   timeless(outcome.out + outcome.err, world));
    }
  }
}
