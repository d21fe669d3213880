#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "base/text.hpp"
#include "gate.hpp"
#include "oci/json.hpp"
#include "rows.hpp"
#include "support/contains.hpp"
#include "support/temp.hpp"

// Compact archives that build on an older release: what is written, and where its reader finds the old layers.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

/// Two releases of a bundle and its images, r1.tar and r2.tar, and update.zst, which is r2.tar for who has r1.tar.
struct Releases {
  World world;
  std::string older;
  std::string newer;
  std::string update;

  Releases() {
    write_text(world.path("lib/usr/lib/library"), random_bytes(400'000, 1));
    write_text(world.path("app/usr/bin/app"), random_bytes(300'000, 2));
    write_text(world.path("app/etc/conf"), "a = 1\n");
    world.succeed({"push", "-i", world.outside_ref("team/lib", "lib"), "-f", "lib"});
    release("r1");
    std::string program = read_text(world.path("app/usr/bin/app"));
    program.insert(1000, "a new function");
    for (std::size_t i = 0; i < program.size(); i += 101) program[i] = static_cast<char>(program[i] + 1);
    write_text(world.path("app/usr/bin/app"), program);
    write_text(world.path("app/etc/new"), "b = 2\n");
    release("r2");
    write_text(world.path("app/etc/newer"), "c = 3\n");
    release("r3");
    world.succeed({"compact", "r2.tar", "--since", "r1.tar", "-o", "update.zst"});
    older = read_text(world.path("r1.tar"));
    newer = read_text(world.path("r2.tar"));
    update = read_text(world.path("update.zst"));
  }

  [[nodiscard]] Words to(const std::string& repository) const { return {"--to-repo", world.inside_repo(repository)}; }
  static Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

 private:
  void release(const std::string& tag) {
    world.succeed({"push", "-i", world.outside_ref("team/app", tag), "-f", "app"});
    const Reference app =
        Reference::parse(world.outside.host() + "/team/app@" + digest_of(world.outside, "team/app", tag));
    world.write_bundle("bundle", {app});
    world.succeed({"push", "-b", world.outside_ref("team/bundle", tag), "-f", "bundle"});
    world.succeed({"export", "-b", world.outside_ref("team/bundle", tag), "-i", world.outside_ref("team/lib", "lib"),
                   "-o", tag + ".tar"});
  }
};

/// Shared by the cases, which write nothing over what it made.
Releases& releases() {
  static Releases all;
  return all;
}

}  // namespace

TEST_CASE("a compact delta holds what changed, and expands with its base to the newer archive, byte for byte") {
  if (lacks({"docker-registry"})) return;
  Releases& all = releases();
  World& world = all.world;
  CHECK(all.update.size() < all.newer.size() / 20);
  CHECK(contains(world.succeed({"verify", "update.zst", "--base", "r1.tar"}), " is whole"));
  world.succeed({"expand", "update.zst", "--base", "r1.tar", "-o", "full.tar"});
  CHECK((read_text(world.path("full.tar")) == all.newer));
  CHECK((world.succeed({"expand", "update.zst", "--base", "r1.tar", "-o", "-"}) == all.newer));
  world.succeed({"copy", "--tar", "update.zst", "--base", "r1.tar", "--to-tar", "copied.tar"});
  CHECK((read_text(world.path("copied.tar")) == all.newer));
  world.succeed({"merge", "r1.tar", "update.zst", "-o", "both.tar"});
  world.succeed({"merge", "r1.tar", "r2.tar", "-o", "expected.tar"});
  CHECK((read_text(world.path("both.tar")) == read_text(world.path("expected.tar"))));

  // The base may be compact itself, and the same update comes of it.
  world.succeed({"compact", "r1.tar", "-o", "r1.zst"});
  world.succeed({"compact", "r2.tar", "--since", "r1.zst", "-o", "again.zst"});
  CHECK((read_text(world.path("again.zst")) == all.update));
  CHECK(contains(world.succeed({"verify", "again.zst", "--base", "r1.zst"}), " is whole"));
  world.succeed({"export", "-b", world.outside_ref("team/bundle", "r2"), "-i", world.outside_ref("team/lib", "lib"),
                 "--since", "r1.tar", "-o", "direct.zst"});
  CHECK((read_text(world.path("direct.zst")) == all.update));
}

TEST_CASE("inspect names the base of a compact delta, and lists its images without the base") {
  if (lacks({"docker-registry"})) return;
  Releases& all = releases();
  World& world = all.world;
  const Json older = Json::parse(world.succeed({"inspect", "r1.tar", "--json"}), "r1");
  const std::string shown = world.succeed({"inspect", "update.zst"});
  CHECK(contains(shown, "Needs, as --base or in the registry: the archive with fingerprint "));
  CHECK(contains(shown, "team/bundle"));
  const Json told = Json::parse(world.succeed({"inspect", "update.zst", "--json"}), "inspect");
  const Json* needs = told.find("compact")->find("buildsOn");
  REQUIRE(needs != nullptr);
  REQUIRE(needs->as_array()->size() == 1);
  CHECK(*needs->as_array()->front().as_string() == older.string_at("fingerprint"));
  // What is no layer can be pulled: the bundle's own files.
  world.succeed({"pull", "--from", "update.zst", "-b", world.outside_ref("team/bundle", "r2"), "-o", "pulled"});
  CHECK(fs::exists(world.path("pulled/.imgpkg/images.yml")));
}

TEST_CASE("all commands read what a compact delta leaves out from its bases") {
  if (lacks({"docker-registry"})) return;
  Releases& all = releases();
  World& world = all.world;
  const std::string app = world.outside_ref("team/app", "r2");
  world.succeed({"export", "-b", world.outside_ref("team/bundle", "r2"), "-i", world.outside_ref("team/lib", "lib"),
                 "--have", "r1.tar", "-o", "delta.tar"});
  const std::string lib = world.outside_ref("team/lib", "lib");
  const std::string library = read_text(world.path("lib/usr/lib/library"));
  world.succeed({"rm", "r2.tar", lib, "-o", "expected-rest.tar"});
  world.succeed({"add", "r2.tar", app, "-o", "expected-more.tar"});
  for (const std::string archive : {"update.zst", "delta.tar"}) {
    CAPTURE(archive);
    const auto with_base = [&](const Words& words) { return Releases::with(words, {"--base", "r1.tar"}); };
    for (const Words& words : {Words{"cat", archive, lib, "usr/lib/library"}, Words{"ls", archive, lib},
                               Words{"extract", archive, lib, "-o", "unpacked"},
                               Words{"pull", "--from", archive, "-i", lib, "-o", "pulled-lib"}}) {
      CAPTURE(words.front());
      CHECK(contains(world.fail(11, words), "--base FILE"));
      const std::string out = world.succeed(with_base(words));
      if (words.front() == "cat") CHECK((out == library));
    }
    CHECK((read_text(world.path("unpacked/usr/lib/library")) == library));
    CHECK((read_text(world.path("pulled-lib/usr/lib/library")) == library));
    world.succeed(with_base({"rm", archive, lib, "-o", "rest.tar"}));
    CHECK((read_text(world.path("rest.tar")) == read_text(world.path("expected-rest.tar"))));
    CHECK(contains(world.succeed(with_base({"add", archive, app, "-o", "more.tar"})), "Fetched 0 blobs"));
    CHECK((read_text(world.path("more.tar")) == read_text(world.path("expected-more.tar"))));
    world.succeed(with_base({"protect", archive, "--parity", "10%"}));
    CHECK(contains(world.succeed(with_base({"verify", archive})), " is whole, too"));
  }
  CHECK(contains(world.fail(1, {"pull", "-i", lib, "--base", "r1.tar", "-o", "no"}), "--base goes with --from only"));
}

TEST_CASE("import of a compact delta takes old layers from the base or the registry, or writes nothing") {
  if (lacks({"docker-registry"})) return;
  Releases& all = releases();
  World& world = all.world;
  world.succeed(Releases::with({"import", "r2.tar"}, all.to("team/expected")));
  const auto is_as_expected = [&](const std::string& repository) {
    const bool has_all =
        World::tags(world.inside, repository).size() == World::tags(world.inside, "team/expected").size();
    return has_all && digest_of(world.inside, repository, "r2") == digest_of(world.inside, "team/expected", "r2") &&
           digest_of(world.inside, repository, "lib") == digest_of(world.inside, "team/expected", "lib");
  };

  world.inside.forget_requests();
  const std::string refused = world.fail(11, Releases::with({"import", "update.zst"}, all.to("team/lacking")));
  CHECK(contains(refused, "builds on the archive with fingerprint"));
  CHECK(contains(refused, "--base"));
  CHECK(writes(world.inside).empty());
  CHECK(World::tags(world.inside, "team/lacking").empty());
  for (const std::string command : {"verify", "expand"}) {
    Words words{command, "update.zst"};
    if (command == "expand") words = {command, "update.zst", "-o", "nothing.tar"};
    CHECK(contains(world.fail(11, words), "--base"));
  }
  CHECK_FALSE(fs::exists(world.path("nothing.tar")));
  CHECK_FALSE(fs::exists(world.path("nothing.tar.partial")));
  // Another archive is not the one.
  world.succeed({"export", "-i", world.outside_ref("team/lib", "lib"), "-o", "other.tar"});
  CHECK(
      contains(world.fail(11, Releases::with({"import", "update.zst", "--base", "other.tar"}, all.to("team/lacking"))),
               "builds on"));

  world.succeed(Releases::with({"import", "update.zst", "--base", "r1.tar"}, all.to("team/by-archive")));
  CHECK(is_as_expected("team/by-archive"));
  world.succeed(Releases::with({"import", "r1.tar"}, all.to("team/by-registry")));
  world.succeed(Releases::with({"import", "update.zst"}, all.to("team/by-registry")));
  CHECK(digest_of(world.inside, "team/by-registry", "r2") == digest_of(world.inside, "team/expected", "r2"));
  world.succeed({"pull", "-b", world.inside_repo("team/by-registry:r2"), "-o", "pulled-inside"});
}

TEST_CASE("a compact delta needs sealed archives, and its options are refused elsewhere") {
  if (lacks({"docker-registry"})) return;
  World& world = releases().world;
  world.succeed({"expand", "update.zst", "--base", "r1.tar", "-o", "layout.tar"});
  run_or_throw(
      {.arguments = {"sh", "-c", "mkdir -p unsealed && tar -C unsealed -xf layout.tar && rm unsealed/ociferry.json"},
       .directory = world.path("")});
  CHECK(
      contains(world.fail(1, {"compact", "r2.tar", "--since", "unsealed", "-o", "no.zst"}), "no archive with a seal"));
  // Before anything is fetched.
  CHECK(contains(
      world.fail(1, {"export", "-i", world.outside_ref("team/lib", "lib"), "--since", "unsealed", "-o", "no.zst"}),
      "no archive with a seal"));
  CHECK_FALSE(fs::exists(world.path("no.zst.plain")));
  CHECK(contains(world.fail(1, {"export", "-i", world.outside_ref("team/lib", "lib"), "--since", "r1.tar", "-o", "-"}),
                 "needs a file"));
  CHECK_FALSE(fs::exists(world.path("no.zst")));
}

TEST_CASE("compact deltas may share a base, and build on each other") {
  if (lacks({"docker-registry"})) return;
  Releases& all = releases();
  World& world = all.world;
  world.succeed({"compact", "r3.tar", "--since", "r1.tar", "-o", "third.zst"});
  world.succeed({"copy", "--tar", "update.zst", "--tar", "third.zst", "--base", "r1.tar", "--to-tar", "two.tar"});
  world.succeed({"copy", "--tar", "r2.tar", "--tar", "r3.tar", "--to-tar", "plain-two.tar"});
  CHECK((read_text(world.path("two.tar")) == read_text(world.path("plain-two.tar"))));

  world.succeed({"compact", "r3.tar", "--since", "update.zst", "--since", "r1.tar", "-o", "chain.zst"});
  world.succeed({"expand", "chain.zst", "--base", "update.zst", "--base", "r1.tar", "-o", "third.tar"});
  CHECK((read_text(world.path("third.tar")) == read_text(world.path("r3.tar"))));
  CHECK(contains(world.fail(11, {"compact", "r3.tar", "--since", "update.zst", "-o", "no.zst"}), "--since"));
  CHECK(contains(world.fail(11, {"verify", "chain.zst", "--base", "update.zst"}), "--base"));
  // Neither can be read before the other.
  CHECK(
      contains(world.fail(11, {"copy", "--tar", "update.zst", "--tar", "third.zst", "--to-tar", "no.tar"}), "--base"));
  CHECK(contains(world.fail(1, {"split", "update.zst", "--volume-size", "1M", "-o", "no.tar"}), "expand"));
}
