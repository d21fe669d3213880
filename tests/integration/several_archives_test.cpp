#include <doctest/doctest.h>

#include <filesystem>
#include <string_view>

#include "oci/json.hpp"
#include "rows.hpp"
#include "support/temp.hpp"

// Several archives in one import or copy: as if they were one.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

bool tells(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

Image with_base(std::uint64_t seed) { return make_image({.layers = {{.seed = 1}, {.seed = seed}}}); }

/// one.tar has a bundle with two images, two.tar an image; all images have the same first layer.
struct TwoArchives {
  World world;
  Reference web = push_image(world.outside, "team/web", with_base(2), "v1");
  Reference job = push_image(world.outside, "team/job", with_base(3), "v1");
  Image tool_image = with_base(4);
  Reference tool = push_image(world.outside, "tools/tool", tool_image, "v2");
  Reference bundle = world.push_bundle("bundles/all", {web, job});

  TwoArchives() {
    world.succeed({"export", "-b", world.outside_ref("bundles/all"), "-o", "one.tar"});
    world.succeed({"export", "-i", world.outside_ref("tools/tool", "v2"), "-o", "two.tar"});
  }

  /// The layer that all images have.
  [[nodiscard]] Digest base() const { return layers_of(tool_image).front().digest; }

  [[nodiscard]] std::size_t uploads_of_base() {
    std::size_t uploads = 0;
    for (const LoggedRequest& request : world.inside.requests()) {
      if (request.method == "PUT" && request.status == 201 && tells(request.path, base().hex())) ++uploads;
    }
    return uploads;
  }
};

}  // namespace

TEST_CASE("several archives are imported as one, and shared blobs are uploaded once") {
  if (lacks({"docker-registry", "skopeo"})) return;
  TwoArchives two;
  World& world = two.world;
  const Words import{"import", "one.tar", "two.tar", "--to-repo", world.inside_repo("apps")};
  Words dry_run = import;
  dry_run.insert(dry_run.end(), {"--dry-run", "--json"});
  const Json plan = Json::parse(world.succeed(dry_run), "plan");
  CHECK(plan.find("archives")->as_array()->size() == 2);
  CHECK(writes(world.inside).empty());
  const std::string told = world.succeed(import);
  CHECK(tells(told, "From one.tar: 3 images"));
  CHECK(tells(told, "From two.tar: 1 image"));
  CHECK(tells(told, "4 images"));
  CHECK(digest_of(world.inside, "apps", "v1") == two.bundle.digest->text());
  CHECK(digest_of(world.inside, "apps", "v2") == two.tool.digest->text());
  CHECK(two.uploads_of_base() == 1);
  world.succeed({"pull", "-b", world.inside_repo("apps:v1"), "-o", "pulled"});
  CHECK(tells(read_text(world.path("pulled/.imgpkg/images.yml")), world.inside_repo("apps@") + two.web.digest->text()));

  world.inside.forget_requests();
  const std::string again =
      world.succeed({"copy", "--tar", "two.tar", "--tar", "one.tar", "--to-repo", world.inside_repo("apps"), "--json"});
  CHECK(writes(world.inside).empty());
  const Json report = Json::parse(again, "report");
  const Json::Array& archives = *report.find("archives")->as_array();
  REQUIRE(archives.size() == 2);
  CHECK(archives[0].string_at("archive") == "two.tar");
  CHECK(archives[1].string_at("fingerprint").starts_with("sha256:"));
  CHECK(*archives[1].find("bundles")->as_int() == 1);
}

TEST_CASE("import of several archives keeps every name, and selection, lock file and mapping cover all of them") {
  if (lacks({"docker-registry", "skopeo"})) return;
  TwoArchives two;
  World& world = two.world;
  // A name in each for one image: it gets both.
  push_image(world.outside, "mirror/web", with_base(2), "stable");
  world.succeed({"export", "-i", world.outside_ref("mirror/web", "stable"), "-i", world.outside_ref("tools/tool", "v2"),
                 "-o", "two.tar"});
  world.succeed({"import", "one.tar", "two.tar", "--to-registry", world.inside.host(), "--mapping-output", "map.json"});
  CHECK(digest_of(world.inside, "bundles/all", "v1") == two.bundle.digest->text());
  CHECK(digest_of(world.inside, "mirror/web", "stable") == two.web.digest->text());
  CHECK(digest_of(world.inside, "tools/tool", "v2") == two.tool.digest->text());
  CHECK(two.uploads_of_base() == 1);
  const std::string mapping = read_text(world.path("map.json"));
  CHECK(tells(mapping, "bundles/all"));
  CHECK(tells(mapping, "tools/tool"));

  world.succeed({"import", "one.tar", "two.tar", "-i", world.outside_ref("tools/tool", "v2"), "--to-repo",
                 world.inside_repo("some"), "--lock-output", "lock.yml"});
  CHECK(world.tags(world.inside, "some").size() == 2);  // v2 and the tag for internal use
  CHECK(tells(read_text(world.path("lock.yml")), two.tool.digest->text()));
  RegistryServer other;
  world.succeed({"import", "one.tar", "two.tar", "--exclude", "*/mirror/*", "--to-repo", world.inside_repo("both"),
                 "--to-repo", other.host() + "/both"});
  CHECK(digest_of(other, "both", "v1") == two.bundle.digest->text());
  CHECK(digest_of(other, "both", "v2") == two.tool.digest->text());
}

TEST_CASE("joined archives equal one export of all") {
  if (lacks({"docker-registry", "skopeo"})) return;
  TwoArchives two;
  World& world = two.world;
  world.succeed(
      {"export", "-b", world.outside_ref("bundles/all"), "-i", world.outside_ref("tools/tool", "v2"), "-o", "all.tar"});
  world.succeed({"copy", "--tar", "two.tar", "--tar", "one.tar", "--to-tar", "joined.tar"});
  CHECK(read_text(world.path("joined.tar")) == read_text(world.path("all.tar")));
}

TEST_CASE("an archive that is given twice, or as a copy, is read once, with a warning") {
  if (lacks({"docker-registry", "skopeo"})) return;
  TwoArchives two;
  World& world = two.world;
  std::filesystem::copy_file(world.path("two.tar"), world.path("copy.tar"));
  const Outcome outcome = world.ociferry.run({"import", "two.tar", "two.tar", "./two.tar", "copy.tar", "--to-repo",
                                              world.inside_repo("apps"), "--verify-first"});
  CHECK(outcome.exit_code == 0);
  CHECK(tells(outcome.err, "two.tar is given twice: it is read once"));
  CHECK(tells(outcome.err, "./two.tar is the same archive as two.tar: it is read once"));
  CHECK(tells(outcome.err, "copy.tar is a copy of two.tar: it is read once"));
  CHECK_FALSE(tells(outcome.out, "From "));
  CHECK(digest_of(world.inside, "apps", "v2") == two.tool.digest->text());
}

TEST_CASE("all archives are checked before the first write, also for one name with two images") {
  if (lacks({"docker-registry", "skopeo"})) return;
  TwoArchives two;
  World& world = two.world;
  const auto refused = [&](int exit_code, const Words& archives, const Words& more = {}) {
    Words words{"import"};
    words.insert(words.end(), archives.begin(), archives.end());
    words.insert(words.end(), {"--to-registry", world.inside.host()});
    words.insert(words.end(), more.begin(), more.end());
    std::string told = world.fail(exit_code, words);
    CHECK(writes(world.inside).empty());
    return told;
  };
  static_cast<void>(refused(22, {"one.tar", "absent.tar"}));
  std::filesystem::copy_file(world.path("two.tar"), world.path("short.tar"));
  std::filesystem::resize_file(world.path("short.tar"), std::filesystem::file_size(world.path("two.tar")) - 2048);
  CHECK(tells(refused(10, {"one.tar", "short.tar"}), "short.tar"));
  CHECK(tells(refused(1, {"one.tar", "two.tar"}, {"-i", "r.example/none"}), "the archive has no 'r.example/none'"));

  push_image(world.outside, "tools/tool", with_base(5), "v2");
  world.succeed({"export", "-i", world.outside_ref("tools/tool", "v2"), "-o", "later.tar"});
  const std::string clash = refused(1, {"two.tar", "later.tar"});
  CHECK(tells(clash, world.outside_ref("tools/tool", "v2") + " stands for different images: "));
  CHECK(tells(clash, two.tool.digest->text() + " in two.tar"));
  CHECK(tells(clash, " in later.tar"));
  CHECK(tells(clash, "--exclude"));
  CHECK(tells(world.fail(1, {"copy", "--tar", "two.tar", "--tar", "later.tar", "--to-tar", "a.tar"}),
              "stands for different images"));
  CHECK_FALSE(std::filesystem::exists(world.path("a.tar")));
  // Without tags there is nothing to clash.
  world.succeed({"import", "two.tar", "later.tar", "--to-registry", world.inside.host(), "--no-root-tags"});
}

TEST_CASE("a destination without its option is an error, and not taken for an archive") {
  World world;
  write_text(world.path("a.tar"), "");
  const std::string told = world.fail(1, {"import", "a.tar", "registry.internal/apps"});
  CHECK(tells(told, "no destination, and 'registry.internal/apps' is no archive\n  hint: give it with --to-repo"));
}

TEST_CASE("called as imgpkg, of several archives the last counts, with a warning") {
  if (lacks({"docker-registry", "skopeo"})) return;
  TwoArchives two;
  World& world = two.world;
  const Outcome outcome = run_as(
      Name::Imgpkg, world, {"copy", "--tar", "one.tar", "--tar", "two.tar", "--to-repo", world.inside_repo("last")});
  CHECK(outcome.exit_code == 0);
  CHECK(tells(outcome.err, "--tar is given more than once: only the last value counts"));
  CHECK(digest_of(world.inside, "last", "v1").empty());
  CHECK(digest_of(world.inside, "last", "v2") == two.tool.digest->text());
}
