#include <doctest/doctest.h>

#include <algorithm>

#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "rows.hpp"
#include "support/contains.hpp"
#include "support/temp.hpp"

// Which images go: references without options, lists of them, patterns, and names of an archive's images.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

Image shop_image(std::uint64_t seed) { return make_image({.layers = {{.seed = seed}}}); }

/// Two bundles that share an image, and one that is free, in a registry.
struct Shop {
  World world;
  Reference web = push_image(world.outside, "team/web", shop_image(1), "v1");
  Reference shared = push_image(world.outside, "team/shared", shop_image(2), "v1");
  Reference extra = push_image(world.outside, "tools/extra", shop_image(3), "v1");
  Reference first = world.push_bundle("bundles/first", {web, shared});
  Reference second = world.push_bundle("bundles/second", {shared});
  std::string first_name = world.outside_ref("bundles/first");
  std::string second_name = world.outside_ref("bundles/second");
  std::string extra_name = world.outside_ref("tools/extra");

  [[nodiscard]] bool equal(const std::string& one, const std::string& other) const {
    return read_text(world.path(one)) == read_text(world.path(other));
  }
};

}  // namespace

TEST_CASE("references without -b or -i are bundles or images, as their manifest says") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Shop shop;
  World& world = shop.world;
  world.succeed({"export", "-b", shop.first_name, "-i", shop.extra_name, "-o", "options.tar"});
  world.succeed({"export", shop.extra_name, shop.first_name, shop.extra_name, "-o", "plain.tar"});
  CHECK(shop.equal("options.tar", "plain.tar"));
  world.succeed({"copy", shop.first_name, "--to-repo", world.inside_repo("dest")});
  CHECK(digest_of(world.inside, "dest", "v1") == shop.first.digest->text());
  world.succeed({"copy", shop.extra_name, "--to-tar", "copied.tar"});
  CHECK(contains(world.succeed({"inspect", "copied.tar"}), shop.extra.digest->text()));
}

TEST_CASE("a file where a reference is expected is an error that names the option for files") {
  if (lacks({"docker-registry"})) return;
  World world;
  for (const char* file : {"app.lock.yml", "app.tar", "images"}) write_text(world.path(file), "content");
  const std::string lock = world.fail(1, {"export", "app.lock.yml", "-o", "a.tar"});
  CHECK(contains(lock, "'app.lock.yml' is a file"));
  CHECK(contains(lock, "--lock app.lock.yml"));
  CHECK(contains(world.fail(1, {"export", "app.tar", "-o", "a.tar"}), "ociferry copy --tar app.tar reads an archive"));
  CHECK(contains(world.fail(1, {"export", "images", "-o", "a.tar"}), "--images-file images"));
  CHECK(contains(world.fail(1, {"copy", "app.tar", "--to-repo", world.inside_repo("x")}), "--tar app.tar"));
  const std::string second = world.fail(1, {"copy", "-i", world.outside_ref("a"), world.inside_repo("x")});
  CHECK(contains(second, "give it with --to-repo"));
  CHECK(world.outside.requests().empty());
}

TEST_CASE("--images-file exports the same as its references as arguments, from a file or standard input") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Shop shop;
  World& world = shop.world;
  world.succeed({"export", shop.first_name, shop.extra_name, "-o", "plain.tar"});
  write_text(world.path("images.txt"), "\xEF\xBB\xBF# what we need\r\n\r\n  " + shop.extra_name + "\t# a tool\r\n" +
                                           shop.first_name + "\r\n" + shop.extra_name);
  world.succeed({"export", "--images-file", "images.txt", "-o", "listed.tar"});
  CHECK(shop.equal("plain.tar", "listed.tar"));

  Program program = world.ociferry.program({"export", "--images-file", "-", shop.extra_name, "-o", "piped.tar"});
  program.input = shop.first_name + "\n";
  CHECK(run(program).exit_code == 0);
  CHECK(shop.equal("plain.tar", "piped.tar"));
}

TEST_CASE("an invalid line in a list of images is an error with its line number, before any request") {
  if (lacks({"docker-registry"})) return;
  World world;
  const auto refused = [&](const std::string& text) {
    write_text(world.path("images.txt"), text);
    return world.fail(1, {"export", "--images-file", "images.txt", "-o", "a.tar"});
  };
  CHECK(contains(refused("# one\nr.example/app:v1\nr.example/UPPER CASE\n"), "images.txt:3: 'r.example/UPPER CASE'"));
  CHECK(contains(refused("\n\nr.example/app:v1:v2\n"), "images.txt:3: "));
  CHECK(contains(refused("# nothing\n"), "images.txt lists no images"));
  CHECK(contains(refused("\xFF\xFEr"), "images.txt is text in UTF-16"));
  CHECK(contains(refused(std::string(17 * 1024 * 1024, '\n')), "images.txt is too large"));
  static_cast<void>(world.fail(22, {"export", "--images-file", "absent.txt", "-o", "a.tar"}));
  CHECK(contains(world.fail(1, {"export", "--images-file", "-", "--images-file", "-", "-o", "a.tar"}), "once only"));
  CHECK(world.outside.requests().empty());
}

TEST_CASE("export with patterns equals an export of the matching references, and keeps bundles whole") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Shop shop;
  World& world = shop.world;
  const Words all{"export", shop.first_name, shop.second_name, shop.extra_name};
  const auto with = [&](Words more) {
    more.insert(more.begin(), all.begin(), all.end());
    return more;
  };
  world.succeed({"export", shop.first_name, "-o", "first.tar"});
  const Outcome told =
      world.ociferry.run(with({"--include", "*/bundles/*", "--exclude", "*/second:v1", "-o", "a.tar"}));
  REQUIRE(told.exit_code == 0);
  CHECK(contains(told.err, "left out 2 of 3 names"));
  CHECK(shop.equal("first.tar", "a.tar"));
  const std::string json = world.succeed(with({"--exclude", "*second*", "--json", "-o", "b.tar"}));
  CHECK(contains(json, "leftOut"));
  const std::string nothing = world.fail(1, with({"--include", "nothing", "-o", "c.tar"}));
  CHECK(contains(nothing, shop.extra_name));
}

TEST_CASE("import selects by name and pattern, and a full import afterwards gives the usual result") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Shop shop;
  World& world = shop.world;
  world.succeed({"export", shop.first_name, shop.second_name, shop.extra_name, "-o", "all.tar"});
  world.succeed({"import", "all.tar", "-b", shop.second_name, "--to-repo", world.inside_repo("part")});
  CHECK(digest_of(world.inside, "part", "v1") == shop.second.digest->text());
  world.succeed({"pull", "-b", world.inside_repo("part:v1"), "-o", "pulled"});
  CHECK(World::tags(world.inside, "part").size() == 5);  // bundle, image, locations image (by two tags), and v1

  // What only a bundle lists can be had alone.
  const std::string web = to_string(shop.web);
  world.succeed({"import", "all.tar", "-i", web, "--to-registry", world.inside.host() + "/one"});
  CHECK(World::tags(world.inside, "one/bundles/first").empty());
  CHECK(World::tags(world.inside, "one/team/web").size() == 1);

  const std::string whole = world.inside.host() + "/whole";
  const std::string stepwise = world.inside.host() + "/step";
  world.succeed({"import", "all.tar", "--to-registry", whole});
  world.succeed({"import", "all.tar", "--exclude", "*/first*", "--to-registry", stepwise});
  CHECK(World::tags(world.inside, "step/bundles/first").empty());
  world.succeed({"import", "all.tar", "--to-registry", stepwise});
  CHECK(contains(world.succeed({"import", "all.tar", "--to-registry", stepwise}), "Nothing to do"));
  for (const char* repository : {"bundles/first", "bundles/second", "team/web", "team/shared", "tools/extra"}) {
    const std::string path = repository;
    // Only the digests of locations images differ, since they name the repositories.
    CHECK(World::tags(world.inside, "step/" + path).size() == World::tags(world.inside, "whole/" + path).size());
  }

  const std::string absent = world.fail(1, {"import", "all.tar", "-b", "r.example/none", "--to-repo", whole});
  CHECK(contains(absent, "the archive has no 'r.example/none', but:"));
  CHECK(contains(absent, shop.first_name));
  const std::string kind = world.fail(1, {"import", "all.tar", "-i", shop.first_name, "--to-repo", whole});
  CHECK(contains(kind, "give it with --bundle"));
}

TEST_CASE("a conversion with a pattern gives the archive of the matching images") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Shop shop;
  World& world = shop.world;
  world.succeed({"export", shop.first_name, shop.second_name, shop.extra_name, "-o", "all.tar"});
  world.succeed({"export", shop.second_name, "-o", "second.tar"});
  world.succeed({"copy", "--tar", "all.tar", "--include", "*/second:v1", "--to-tar", "chosen.tar"});
  CHECK(shop.equal("second.tar", "chosen.tar"));

  // Once its own name is left out, an image is called as the bundle that lists it calls it.
  push_image(world.outside, "mirror/shared", shop_image(2), "v1");
  world.succeed({"export", world.outside_ref("mirror/shared"), shop.second_name, "-o", "both.tar"});
  world.succeed({"copy", "--tar", "both.tar", "--exclude", "*/mirror/*", "--to-tar", "without.tar"});
  CHECK(shop.equal("second.tar", "without.tar"));
}

TEST_CASE("a selection includes attached artifacts, and its dry run is what its import does") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Shop shop;
  World& world = shop.world;
  const Digest signed_digest = *shop.web.digest;
  const std::string signature_tag = attachment_tag(signed_digest, "sig");
  push_image(world.outside, "team/web", make_signature(), signature_tag);
  const std::string web = world.outside_ref("team/web");
  world.succeed({"export", web, shop.extra_name, "-o", "all.tar"});
  const auto to = [&](const std::string& prefix) { return world.inside.host() + "/" + prefix; };

  world.succeed({"import", "all.tar", "--exclude", "*/web:v1", "--to-registry", to("without")});
  CHECK(World::tags(world.inside, "without/team/web").empty());
  CHECK(World::tags(world.inside, "without/tools/extra").size() == 2);

  const Words chosen{"import", "all.tar", "--include", "*/web:v1", "--to-registry", to("with"), "--json"};
  Words planned = chosen;
  planned.emplace_back("--dry-run");
  const Json plan = Json::parse(world.succeed(planned), "the plan");
  CHECK(World::tags(world.inside, "with/team/web").empty());
  const Json done = Json::parse(world.succeed(chosen), "the report");
  CHECK(*plan.find("images")->as_int() == 2);  // with the signature
  CHECK(*done.find("images")->as_int() == *plan.find("images")->as_int());
  const auto tags = World::tags(world.inside, "with/team/web");
  CHECK(std::ranges::find(tags, signature_tag) != tags.end());
  CHECK(World::tags(world.inside, "with/tools/extra").empty());
}
