#include <doctest/doctest.h>

#include "imgpkg_images.hpp"
#include "oci/json.hpp"
#include "rows.hpp"
#include "support/contains.hpp"
#include "support/fault_proxy.hpp"
#include "support/golden.hpp"
#include "support/temp.hpp"

// tag list and tag resolve, with every flag.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::filesystem::path tag_golden(const std::string& name) {
  return std::filesystem::path(FIXTURES) / "golden/tag" / name;
}

}  // namespace

TEST_CASE("tag list shows imgpkg's own tags only if they are requested, and digests if they are wanted") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_imgpkg_copy(world.inside, "art/dst");
  push_image(world.inside, "art/dst", imgpkg_image("image-other-oci"), "other");
  const std::string repository = world.inside_repo("art/dst");
  struct Row {
    Words options;
    std::string golden;
  };
  for (const Row& row :
       {Row{{}, "list.txt"}, Row{{"--digests"}, "list-digests.txt"},
        Row{{"--imgpkg-internal-tags"}, "list-internal.txt"}, Row{{"--tty", "--digests"}, "list-tty.txt"},
        Row{{"--json"}, "list.json"}, Row{{"--digests", "--column", "digest"}, "list-column.txt"}}) {
    CAPTURE(row.golden);
    for (const char* name : {"list", "ls"}) {
      Words arguments = {"tag", name, "-i", repository};
      arguments.insert(arguments.end(), row.options.begin(), row.options.end());
      const std::string out = world.succeed(arguments);
      const bool names_hosts = row.golden == "list.json";
      check_golden(tag_golden(row.golden), names_hosts ? timeless(out, world) : out);
    }
  }
}

TEST_CASE("tag list ignores a tag or a digest after the repository, as imgpkg does") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference image = push_image(world.inside, "apps/app", make_image({.layers = {{.seed = 6}}}), "v1");
  push_image(world.inside, "apps/app", make_image({.layers = {{.seed = 6}}}), "v2");
  const std::string repository = world.inside_repo("apps/app");
  for (const std::string& behind : {std::string(":v1"), std::string(":absent"), "@" + image.digest->text()}) {
    CAPTURE(behind);
    CHECK(world.succeed({"tag", "list", "-i", repository + behind}) == "v1\t\nv2\t\n");
  }
}

TEST_CASE("called as imgpkg, tag list --json is imgpkg's, byte for byte") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_imgpkg_copy(world.inside, "art/dst");
  const Outcome outcome = run_as(Name::Imgpkg, world,
                                 {"tag", "list", "--image", world.inside_repo("art/dst"), "--digests",
                                  "--imgpkg-internal-tags", "--json", "--concurrency=2"});
  CHECK(outcome.out == read_text(std::filesystem::path(FIXTURES) / "imgpkg/describe/tag-list-internal-digests.json"));
}

TEST_CASE("tag list requests digests only if they are wanted, by HEAD") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.inside, "apps/app", make_image(), "v1");
  push_image(world.inside, "apps/app", make_image(), "v2");
  const auto methods = [&](const Words& options) {
    world.inside.forget_requests();
    Words arguments = {"tag", "list", "-i", world.inside_repo("apps/app")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    world.succeed(arguments);
    std::string seen;
    for (const LoggedRequest& request : world.inside.requests()) seen += request.method + " ";
    return seen;
  };
  CHECK(methods({}) == "GET GET ");
  CHECK(methods({"--digests"}) == "GET GET HEAD HEAD ");
}

TEST_CASE("tag list reads every page of a paginated list") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.inside, "apps/app", make_image(), "v1");
  const FaultProxy front(world.inside, [](const HttpRequest& request) -> std::optional<HttpReply> {
    if (!request.path.ends_with("/tags/list")) return std::nullopt;
    const std::string last = request.parameter("last");
    const std::string tag = last.empty() ? "a" : last == "a" ? "b" : "c";
    HttpReply reply{.status = 200, .body = R"({"name":"apps/app","tags":[")" + tag + "\"]}"};
    if (tag != "c") reply.headers.set("Link", "</v2/apps/app/tags/list?last=" + tag + "&n=1>; rel=\"next\"");
    return reply;
  });
  CHECK(world.succeed({"tag", "list", "-i", front.host() + "/apps/app"}) == "a\t\nb\t\nc\t\n");
  CHECK(front.count("GET", "/tags/list") == 3);
}

TEST_CASE("tag list reads more tags than a registry returns in one response") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Image image = make_image();
  push_image(world.inside, "apps/app", image, "v0000");
  std::string expected = "v0000\t\n";
  const RawManifest& manifest = image.manifests.back();
  for (int i = 1; i <= 1200; ++i) {
    const std::string tag = "v" + std::to_string(10'000 + i).substr(1);
    const Words headers{"Content-Type: " + manifest.descriptor.media_type};
    REQUIRE(world.inside.request("PUT", "/v2/apps/app/manifests/" + tag, headers, manifest.bytes).status == 201);
    expected += tag + "\t\n";
  }
  CHECK(world.succeed({"tag", "list", "-i", world.inside_repo("apps/app")}) == expected);
}

TEST_CASE("titles are bold only if colors are enabled") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.inside, "apps/app", make_image(), "v1");
  const Words list = {"tag", "list", "-i", world.inside_repo("apps/app"), "--tty"};
  const auto is_bold = [&](const Words& more, const Variables& variables = {}) {
    Words arguments = list;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world.succeed(arguments, variables).find("\x1b[1m") != std::string::npos;
  };
  CHECK_FALSE(is_bold({}));
  CHECK_FALSE(is_bold({"--color=false"}));
  CHECK(is_bold({"--color"}));
  CHECK(is_bold({"--color"}, {{"NO_COLOR", "1"}}));  // what is asked for goes before what is set
}

TEST_CASE("tag resolve prints the reference by digest and no newline") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference v1 = push_image(world.inside, "apps/app", make_image(), "v1");
  const Reference index = push_image(world.inside, "apps/app", make_index({make_image()}), "latest");
  const std::string repository = world.inside_repo("apps/app");
  const std::string by_digest = repository + "@" + v1.digest->text();
  CHECK(world.succeed({"tag", "resolve", "-i", repository + ":v1"}) == by_digest);
  CHECK(world.succeed({"tag", "resolve", "--image", by_digest}) == by_digest);
  CHECK(world.succeed({"tag", "resolve", "-i=" + repository}) == repository + "@" + index.digest->text());
  const std::string json = world.succeed({"tag", "resolve", "-i", repository + ":v1", "--json"});
  CHECK(Json::parse(json, "tag resolve").string_at("reference") == by_digest);
}

TEST_CASE("tag commands refuse wrong arguments, and say what is missing") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.inside, "apps/app", make_image(), "v1");
  const std::string repository = world.inside_repo("apps/app");
  struct Row {
    Words arguments;
    int exit_code;
    std::string says;
  };
  for (const Row& row : {Row{{"tag", "list"}, 1, "--image"}, Row{{"tag", "resolve", "-i", ""}, 1, "--image"},
                         Row{{"tag", "list", "-i", repository, "--column", "size"}, 1, "Failed to find header: size"},
                         Row{{"tag", "list", "-i", repository, "v1"}, 1, "Error: "},
                         Row{{"tag", "list", "-i", world.inside_repo("apps/none")}, 22, "NAME_UNKNOWN"},
                         Row{{"tag", "resolve", "-i", repository + ":v2"}, 22, "MANIFEST_UNKNOWN"},
                         Row{{"tag", "show", "-i", repository}, 1, "tag show"}}) {
    CAPTURE(row.says);
    CHECK(contains(world.fail(row.exit_code, row.arguments), row.says));
  }
}

TEST_CASE("tag resolve and pull work with a registry that answers every HEAD with 404") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Image image = make_image();
  const Reference app = push_image(world.outside, "apps/app", image, "v1");
  push_image(world.inside, "dest", image, "app");
  write_text(world.path("config/.imgpkg/images.yml"),
             "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: " + to_string(app) + "\n");
  world.succeed({"push", "-b", world.inside_repo("dest") + ":v1", "-f", "config"});
  const FaultProxy proxy(world.inside, [](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.method != "HEAD" || request.path.find("/manifests/") == std::string::npos) return std::nullopt;
    return HttpReply{404};
  });
  const std::string there = proxy.host() + "/dest";
  CHECK(world.succeed({"tag", "resolve", "-i", there + ":app"}) == there + "@" + image.descriptor.digest.text());
  CHECK(world.fail(22, {"tag", "resolve", "-i", there + ":none"}).find("MANIFEST_UNKNOWN") != std::string::npos);
  world.succeed({"pull", "-b", there + ":v1", "-o", "out"});
  CHECK(read_text(world.path("out/.imgpkg/images.yml")).find(there + "@" + image.descriptor.digest.text()) !=
        std::string::npos);
}
