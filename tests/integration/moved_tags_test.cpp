#include <doctest/doctest.h>

#include "oci/tag_names.hpp"
#include "rows.hpp"

// Tags of the destination that an import or a copy moves, and roots that have one tag between them.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// Two images that were released under one tag, one after the other, each in an archive.
struct Releases {
  World world;
  Reference first = push_image(world.outside, "apps/first", make_image({.layers = {{.seed = 1}}}), "stable");
  Reference second = push_image(world.outside, "apps/second", make_image({.layers = {{.seed = 2}}}), "stable");

  Releases() {
    for (const std::string name : {"first", "second"}) {
      world.succeed({"export", "-i", world.outside_ref("apps/" + name, "stable"), "-o", name + ".tar"});
    }
  }
  [[nodiscard]] std::string tag() const { return digest_of(world.inside, "dest", "stable"); }
  [[nodiscard]] std::string moved(const Reference& from, const Reference& to) const {
    return "Warning: moved the tag " + world.inside_repo("dest") + ":stable from " + from.digest->text() + " to " +
           to.digest->text() + "; --keep-tags refuses to\n";
  }
};

}  // namespace

TEST_CASE("import and copy report each moved tag with both digests") {
  if (lacks({"docker-registry"})) return;
  Releases releases;
  World& world = releases.world;
  const std::string to = world.inside_repo("dest");
  const auto run = [&](const Words& words) {
    const Outcome outcome = run_as(Name::Ociferry, world, words);
    CHECK(outcome.exit_code == 0);
    return outcome.err;
  };
  CHECK(run({"import", "first.tar", "--to-repo", to}).empty());
  CHECK(run({"import", "second.tar", "--to-repo", to}) == releases.moved(releases.first, releases.second));
  CHECK(releases.tag() == releases.second.digest->text());
  CHECK(run({"import", "second.tar", "--to-repo", to}).empty());
  CHECK(run({"copy", "--tar", "first.tar", "--to-repo", to}) == releases.moved(releases.second, releases.first));
  CHECK(run({"copy", "-i", world.outside_ref("apps/second", "stable"), "--to-repo", to}) ==
        releases.moved(releases.first, releases.second));
  CHECK(run({"import", "first.tar", "--to-repo", to, "--no-root-tags"}).empty());
  CHECK(releases.tag() == releases.second.digest->text());
  // imgpkg moves it without a word.
  const Outcome outcome = run_as(Name::Imgpkg, world, {"copy", "--tar", "first.tar", "--to-repo", to});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.empty());
  CHECK(releases.tag() == releases.first.digest->text());
}

TEST_CASE("with --keep-tags nothing is written where a tag would have to be moved") {
  if (lacks({"docker-registry"})) return;
  Releases releases;
  World& world = releases.world;
  const std::string to = world.inside_repo("dest");
  world.succeed({"import", "first.tar", "--to-repo", to, "--keep-tags"});
  world.inside.forget_requests();
  for (const Words& source : {Words{"import", "second.tar"}, Words{"copy", "--tar", "second.tar"},
                              Words{"copy", "-i", world.outside_ref("apps/second", "stable")}}) {
    Words words = source;
    words.insert(words.end(), {"--to-repo", to, "--keep-tags"});
    const std::string error = world.fail(24, words);
    CHECK(error.find(to + ":stable points to " + releases.first.digest->text() + ", not to " +
                     releases.second.digest->text()) != std::string::npos);
  }
  CHECK(writes(world.inside).empty());
  CHECK(releases.tag() == releases.first.digest->text());
  world.succeed({"import", "first.tar", "--to-repo", to, "--keep-tags"});
  CHECK(writes(world.inside).empty());
}

TEST_CASE("the option that the error names keeps images with the same tag from several repositories apart") {
  if (lacks({"docker-registry"})) return;
  Releases releases;
  World& world = releases.world;
  world.succeed({"export", "-i", world.outside_ref("apps/first", "stable"), "-i",
                 world.outside_ref("apps/second", "stable"), "-o", "both.tar"});
  const Words import = {"import", "both.tar", "--to-repo", world.inside_repo("all")};
  CHECK(world.fail(1, import).find("--no-root-tags --repo-based-tags") != std::string::npos);
  CHECK(World::tags(world.inside, "all").empty());
  Words named = import;
  named.insert(named.end(), {"--no-root-tags", "--repo-based-tags"});
  const std::string said = world.succeed(named);
  for (const Reference& image : {releases.first, releases.second}) {
    const Reference by_digest{image.name, std::nullopt, image.digest};
    const std::string tag = repository_tag(by_digest);
    CHECK(tag.starts_with(image.name.repository == "apps/first" ? "apps-first-" : "apps-second-"));
    CHECK(digest_of(world.inside, "all", tag) == image.digest->text());
    CHECK(said.find("  " + to_string(image.name) + ":stable -> " + world.inside_repo("all") + ":" + tag + "@" +
                    image.digest->text() + "\n") != std::string::npos);
  }
}
