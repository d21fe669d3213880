#include <doctest/doctest.h>

#include <algorithm>

#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "rows.hpp"
#include "support/golden.hpp"
#include "support/temp.hpp"

// push, flag by flag: what it says, how it ends and what the registry has then.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

void write_push_inputs(World& world) {
  world.write_bundle("bundle", {});
  world.write_bundle("other", {});
  world.write_bundle("nested/deep", {});
  write_text(world.path("plain/config.yml"), "a: 1\n");
  write_text(world.path("plain/secret"), "x");
  write_text(world.path("single"), "3");
  write_text(world.path("no-lock/.imgpkg/other.yml"), "");
  world.write_bundle("vendored", {});
  world.write_bundle("vendored/vendor/lib", {});
  world.write_bundle("vendored/.git/copy", {});
  std::filesystem::create_directories(world.path("linked"));
  std::filesystem::create_symlink("nowhere", world.path("linked/link"));
}

/// Checks that `repository` has these tags beside the one that names the digest.
auto has_tags(const std::vector<std::string>& tags) {
  return [tags](World& world, const std::string& repository, const Outcome&) {
    std::vector<std::string> expected = {image_tag(Digest::parse(digest_of(world.outside, repository, tags.front())))};
    expected.insert(expected.end(), tags.begin(), tags.end());
    std::ranges::sort(expected);
    CHECK(World::tags(world.outside, repository) == expected);
  };
}

void nothing_written(World& world, const std::string& repository, const Outcome&) {
  CHECK(World::tags(world.outside, repository).empty());
}

Json config_of(World& world, const std::string& repository) {
  const HttpAnswer manifest = world.outside.request("GET", "/v2/" + repository + "/manifests/latest",
                                                    {"Accept: application/vnd.docker.distribution.manifest.v2+json"});
  const Json parsed = Json::parse(manifest.body, "manifest");
  const std::string digest = parsed.find("config")->string_at("digest");
  return Json::parse(world.outside.request("GET", "/v2/" + repository + "/blobs/" + digest).body, "config");
}

/// Checks which files a pull of the image gives.
auto has_files(const std::vector<std::string>& present, const std::vector<std::string>& absent) {
  return [=](World& world, const std::string& repository, const Outcome&) {
    world.succeed({"pull", "-i", world.outside_ref(repository, "latest"), "-o", "pulled"});
    for (const std::string& file : present) CHECK_MESSAGE(std::filesystem::exists(world.path("pulled") / file), file);
    for (const std::string& file : absent)
      CHECK_FALSE_MESSAGE(std::filesystem::exists(world.path("pulled") / file), file);
  };
}

const std::string kPushed = "~Pushed '{R}@sha256:";

}  // namespace

TEST_CASE("push takes imgpkg's flags in all their forms") {
  if (lacks({"docker-registry"})) return;
  World world;
  write_push_inputs(world);
  const auto labels_are = [](const std::string& expected) {
    return [expected](World& here, const std::string& repository, const Outcome&) {
      CHECK(config_of(here, repository).find("config")->find("Labels")->dump() == expected);
    };
  };
  check_rows(
      world,
      {
          {.name = "bundle",
           .arguments = {"push", "-b", "{R}:v1", "-f", "bundle"},
           .out = kPushed,
           .after = has_tags({"v1"})},
          {.name = "long names, values behind =, default tag",
           .arguments = {"push", "--bundle={R}", "--file=bundle"},
           .out = kPushed,
           .after = has_tags({"latest"})},
          {.name = "short names with values attached",
           .arguments = {"push", "-i{R}:v1", "-f=plain"},
           .out = kPushed,
           .after = has_tags({"v1"})},
          {.name = "options before the command",
           .arguments = {"--tty=false", "-y", "--column", "a,b", "push", "-i", "{R}:v1", "-f", "plain"},
           .out = kPushed,
           .after = has_tags({"v1"})},
          {.name = "files by comma and by repetition",
           .arguments = {"push", "-i", "{R}", "-f", "plain,single", "-f", "no-lock"},
           .out = kPushed,
           .after = has_files({"config.yml", "secret", "single", ".imgpkg/other.yml"}, {})},
          {.name = "exclusions",
           .arguments = {"push", "-i", "{R}", "-f", "plain", "--file-exclusion", "secret,x", "--file-exclusion", "y"},
           .out = kPushed,
           .after = has_files({"config.yml"}, {"secret"})},
          {.name = "the old name of exclusions",
           .arguments = {"push", "-i", "{R}", "-f", "plain", "--file-exclude-defaults", "secret"},
           .out = kPushed,
           .err = "Flag --file-exclude-defaults has been deprecated, use '--file-exclusion' instead\n",
           .after = has_files({"config.yml"}, {"secret"})},
          {.name = "labels by comma and by repetition",
           .arguments = {"push", "-i", "{R}", "-f", "plain", "-l", "b=2,a=1", "--labels=c=x, y"},
           .out = kPushed,
           .after = labels_are(R"({"a":"1","b":"2","c":"x, y"})")},
          {.name = "labels of a bundle",
           .arguments = {"push", "-b", "{R}", "-f", "bundle", "-l", "a=<"},
           .out = kPushed,
           .after = labels_are(R"({"a":"\u003c","dev.carvel.imgpkg.bundle":"true"})")},
          {.name = "the flags of registries",
           .arguments = {"push", "-i", "{R}:v1", "-f", "plain", "--registry-anon", "--registry-verify-certs=false",
                         "--registry-insecure", "--registry-response-header-timeout", "1m30s", "--registry-retry-count",
                         "0", "--registry-username", "", "--concurrency", "2"},
           .out = kPushed,
           .after = has_tags({"v1"})},
          {.name = "what is excluded is no second bundle",
           .arguments = {"push", "-b", "{R}:v1", "-f", "vendored", "--file-exclusion", "vendor,.git"},
           .out = kPushed,
           .after = has_tags({"v1"})},
          {.name = "no files make an empty image",
           .arguments = {"push", "-i", "{R}:v1"},
           .out = kPushed,
           .after = has_tags({"v1"})},
      });
}

TEST_CASE("push refuses what imgpkg refuses, in its words, and writes nothing") {
  if (lacks({"docker-registry"})) return;
  World world;
  write_push_inputs(world);
  const std::string here = world.ociferry.home().string();
  std::vector<Row> rows = {
      {.arguments = {"push", "-f", "plain"}, .err = "Error: Expected either image or bundle\n"},
      {.arguments = {"push", "-b", "", "-f", "plain"}, .err = "Error: Expected either image or bundle\n"},
      {.arguments = {"push", "-b", "{R}", "-i", "{R}", "-f", "plain"},
       .err = "Error: Expected only one of image or bundle\n"},
      {.arguments = {"push", "-b", "{R}"},
       .err = "Error: This directory is not a bundle. It is missing .imgpkg/images.yml\n"},
      {.arguments = {"push", "-b", "{R}", "-f", "plain"},
       .err = "Error: This directory is not a bundle. It is missing .imgpkg/images.yml\n"},
      {.arguments = {"push", "-b", "{R}", "-f", "bundle", "-f", "other"},
       .err = "Error: This directory contains multiple bundle definitions. Only a single instance of "
              ".imgpkg/images.yml can be provided and instead these were provided " +
              here + "/bundle/.imgpkg, " + here + "/other/.imgpkg\n"},
      {.arguments = {"push", "-b", "{R}", "-f", "nested"},
       .err = "Error: Expected '.imgpkg' directory, to be a direct child of one of: nested; was " + here +
              "/nested/deep/.imgpkg\n"},
      {.arguments = {"push", "-b", "{R}", "-f", "no-lock"},
       .err = "Error: The bundle expected .imgpkg/images.yml to exist, but it wasn't found in the path " + here +
              "/no-lock/.imgpkg/images.yml\n"},
      {.arguments = {"push", "-i", "{R}", "-f", "bundle"},
       .err = "Error: Images cannot be pushed with '.imgpkg' directories, consider using --bundle (-b) option\n"},
      {.arguments = {"push", "-i", "{R}", "-f", "plain", "-f", "plain"},
       .err = "Error: Found duplicate paths: plain/config.yml, plain/config.yml, plain/secret, plain/secret\n"},
      {.arguments = {"push", "-i", "{R}", "-f", "linked"},
       .err = "Error: Expected file 'linked/link' to be a regular file\n"},
      {.arguments = {"push", "-i", "{R}", "-f", "plain", "--lock-output", "lock.yml"},
       .err = "Error: Lock output is not compatible with image, use bundle for lock output\n"},
      {.arguments = {"push", "-i", "{R}", "-f", "plain", "-l", "dev.carvel.imgpkg.bundle=x"},
       .err = "Error: label 'dev.carvel.imgpkg.bundle' is reserved"},
      {.arguments = {"push", "-i", "{R}", "-f", "plain", "-l", "novalue"},
       .err = "flag: novalue must be formatted as key=value\n"},
      {.arguments = {"push", "-i", "http://{R}", "-f", "plain"}, .err = "it must not start with a scheme"},
      {.arguments = {"push", "-i", "{R}", "-f", "plain", "--unknown"}, .err = "Error: unknown flag: --unknown\n"},
      {.arguments = {"push", "-i", "{R}", "-f"}, .err = "Error: flag needs an argument: 'f' in -f\n"},
      {.arguments = {"push", "-i", "{R}", "plain"},
       .err = "Error: command 'ociferry push' does not accept extra arguments 'plain'\n"},
      {.arguments = {"push", "-i", "{R}", "-f", "plain", "--tty=maybe"},
       .err = "Error: invalid argument \"maybe\" for \"--tty\" flag"},
      {.arguments = {"push", "-i", "{R}", "-f", "plain", "--concurrency", "0"},
       .err = "Error: --jobs must be at least 1, not 0\n"},
  };
  for (Row& row : rows) {
    row.name = row.err;
    row.exit_code = 1;
    row.after = nothing_written;
  }
  check_rows(world, rows);
  CHECK(world.outside.requests().size() == rows.size());  // only those of `nothing_written`
}

TEST_CASE("push on a terminal prints imgpkg's lines, and with --json the same as its object") {
  if (lacks({"docker-registry"})) return;
  World world;
  write_push_inputs(world);
  const std::string to = world.outside_ref("apps/said");
  for (const auto& [flag, file] : {std::pair{"--tty", "push-tty.txt"}, {"--json", "push-json.txt"}}) {
    const Outcome outcome = run_as(Name::Imgpkg, world, {"push", flag, "-b", to, "-f", "bundle"});
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.empty());
    check_golden(kCliGolden / file, timeless(outcome.out, world));
  }
}

TEST_CASE("push preserves permissions and writes lock files") {
  if (lacks({"docker-registry"})) return;
  World world;
  write_push_inputs(world);
  using std::filesystem::perms;
  std::filesystem::permissions(world.path("bundle/config.yml"), perms{0640});
  const auto push = [&](const std::string& tag, const Words& more) {
    Words words = {"push", "-b", world.outside_ref("apps/modes", tag), "-f", "bundle", "--lock-output", tag + ".yml"};
    words.insert(words.end(), more.begin(), more.end());
    world.succeed(words);
    return digest_of(world.outside, "apps/modes", tag);
  };
  const std::string kept = push("kept", {"--preserve-permissions"});
  const std::string plain = push("plain", {});
  CHECK(kept != plain);
  const std::string lock = read_text(world.path("kept.yml"));
  CHECK(lock.find("  image: " + world.outside.host() + "/apps/modes@" + kept + "\n  tag: kept\n") != std::string::npos);
  world.succeed({"pull", "--lock", "kept.yml", "-o", "pulled"});
  CHECK(std::filesystem::status(world.path("pulled/config.yml")).permissions() == perms{0640});
}
