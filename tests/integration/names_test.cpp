#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "rows.hpp"
#include "support/contains.hpp"
#include "support/temp.hpp"

// Images that keep their own names: import and copy with --to-registry.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

using Tags = std::vector<std::string>;

Image named_image(std::uint64_t seed) { return make_image({.layers = {{.seed = seed}}}); }

/// The tags that people gave.
Tags own_tags(const RegistryServer& registry, const std::string& repository) {
  Tags tags = World::tags(registry, repository);
  std::erase_if(tags, [](const std::string& tag) { return tag.ends_with(".imgpkg"); });
  return tags;
}

/// A bundle of two images, each in a repository of its own, in an archive.
struct Carried {
  World world;
  Reference app = push_image(world.outside, "team/app", named_image(1), "2.3.1");
  Reference tool = push_image(world.outside, "tools/tool", named_image(2), "2.3.1");
  Reference bundle = world.push_bundle("bundles/all", {app, tool});

  Carried() { world.succeed({"export", "-b", world.outside_ref("bundles/all"), "-o", "all.tar"}); }
};

}  // namespace

TEST_CASE("three images with one tag from three repositories arrive under their own names") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Reference a = push_image(world.outside, "apps/a", named_image(1), "2.3.1");
  const Reference b = push_image(world.outside, "apps/b", named_image(2), "2.3.1");
  const Reference c = push_image(world.outside, "deep/er/c", named_image(3), "2.3.1");
  world.succeed({"export", "-i", world.outside_ref("apps/a", "2.3.1"), "-i", world.outside_ref("apps/b", "2.3.1"), "-i",
                 world.outside_ref("deep/er/c", "2.3.1"), "-o", "all.tar"});
  const std::string to = world.inside.host() + "/mirror";
  const std::string told = world.succeed({"import", "all.tar", "--to-registry", to, "--mapping-output", "names.json"});
  for (const Reference& image : {a, b, c}) {
    const std::string& path = image.name.repository;
    CHECK(digest_of(world.inside, "mirror/" + path, "2.3.1") == image.digest->text());
    CHECK(own_tags(world.inside, "mirror/" + path) == Tags{"2.3.1"});
    CHECK(contains(
        told, "  " + to_string(image.name) + ":2.3.1 -> " + to + "/" + path + ":2.3.1@" + image.digest->text() + "\n"));
  }
  const Json names = Json::parse(read_text(world.path("names.json")), "names.json");
  REQUIRE(names.find("images")->as_array()->size() == 3);
  CHECK(names.find("images")->as_array()->front().string_at("from") == to_string(a.name) + ":2.3.1");
  CHECK(names.find("images")->as_array()->front().string_at("to") == to + "/apps/a:2.3.1");
  world.inside.forget_requests();
  CHECK(contains(world.succeed({"import", "all.tar", "--to-registry", to}), "Nothing to do"));
  CHECK(writes(world.inside).empty());
}

TEST_CASE("an image that was exported by two names arrives with both") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Reference one = push_image(world.outside, "apps/one", named_image(1), "v1");
  const Reference other = push_image(world.outside, "apps/other", named_image(1), "stable");
  REQUIRE(one.digest == other.digest);
  world.succeed({"export", "-i", world.outside_ref("apps/one", "v1"), "-i", world.outside_ref("apps/other", "stable"),
                 "-o", "both.tar"});
  world.succeed({"verify", "both.tar"});
  world.succeed({"import", "both.tar", "--to-registry", world.inside.host()});
  CHECK(own_tags(world.inside, "apps/one") == Tags{"v1"});
  CHECK(own_tags(world.inside, "apps/other") == Tags{"stable"});
  world.succeed({"import", "both.tar", "--to-repo", world.inside_repo("dest")});
  CHECK(own_tags(world.inside, "dest") == Tags{"stable", "v1"});
}

TEST_CASE("an image that podman or docker saved by two names arrives with both") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  push_image(world.outside, "apps/one", named_image(1), "v1");
  const std::string archive = "docker-archive:" + world.path("saved.tar").string() + ":r.example/one:v1";
  REQUIRE(run({.arguments = {"skopeo", "copy", "--src-tls-verify=false", "--additional-tag", "r.example/other:stable",
                             "docker://" + world.outside_ref("apps/one", "v1"), archive}})
              .exit_code == 0);
  CHECK(contains(world.succeed({"inspect", "saved.tar"}), " (tag v1) (also r.example/other:stable)"));
  world.succeed({"import", "saved.tar", "--to-registry", world.inside.host()});
  CHECK(own_tags(world.inside, "one") == Tags{"v1"});
  CHECK(own_tags(world.inside, "other") == Tags{"stable"});
}

TEST_CASE("a bundle's locations name the images' own repositories, and imgpkg finds the images beside the bundle") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Carried carried;
  World& world = carried.world;
  const std::string told = world.succeed({"import", "all.tar", "--to-registry", world.inside.host() + "/in", "--json"});
  CHECK(world.locations(world.inside, "in/bundles/all", *carried.bundle.digest) ==
        seed_yaml({{to_string(carried.app), "in/team/app"}, {to_string(carried.tool), "in/tools/tool"}}));
  // No blob travels twice.
  const Json result = Json::parse(told, "result");
  CHECK(result.find("blobsMounted")->dump() == "4");  // two images of a configuration and a layer
  CHECK(result.find("blobsWritten")->dump() == "6");
  world.succeed({"pull", "-b", world.inside_repo("in/bundles/all") + ":v1", "-o", "pulled"});
  CHECK(contains(read_text(world.path("pulled/.imgpkg/images.yml")), world.inside_repo("in/team/app") + "@"));
  // imgpkg, and releases of kapp-controller, look in the bundle's repository only.
  for (const Reference& image : {carried.app, carried.tool}) {
    CHECK(digest_of(world.inside, "in/bundles/all", image_tag(*image.digest)) == image.digest->text());
  }
}

TEST_CASE("with --only-own-repository, nothing but the bundle is in its repository, and a pull finds the images") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Carried carried;
  World& world = carried.world;
  world.succeed({"import", "all.tar", "--to-registry", world.inside.host(), "--only-own-repository"});
  const Tags tags = World::tags(world.inside, "bundles/all");
  CHECK(std::ranges::find(tags, image_tag(*carried.app.digest)) == tags.end());
  world.succeed({"pull", "-b", world.inside_repo("bundles/all") + ":v1", "-o", "pulled"});
  CHECK(contains(read_text(world.path("pulled/.imgpkg/images.yml")), world.inside_repo("team/app") + "@"));
  world.succeed({"export", "-b", world.inside_repo("bundles/all") + ":v1", "-o", "again.tar"});
  CHECK(contains(world.succeed({"inspect", "again.tar"}), carried.app.digest->text()));
}

TEST_CASE("attached artifacts are put into each repository of their image") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Reference app = push_image(world.outside, "team/app", named_image(1), "v1");
  const std::string tag = attachment_tag(*app.digest, "sig");
  push_image(world.outside, "team/app", named_image(7), tag);
  const Reference bundle = world.push_bundle("bundles/all", {app});
  world.succeed({"export", "-b", world.outside_ref("bundles/all"), "-o", "all.tar"});
  world.succeed({"import", "all.tar", "--to-registry", world.inside.host()});
  for (const char* repository : {"team/app", "bundles/all"}) {
    const Tags tags = World::tags(world.inside, repository);
    CHECK(std::ranges::find(tags, tag) != tags.end());
  }
}

TEST_CASE("--map renames images, and invalid names are refused before anything is written") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Carried carried;
  World& world = carried.world;
  const std::string to = world.inside.host() + "/m";
  write_text(world.path("map.yml"),
             "levels: 3\n"
             "rules:\n"
             "- path: 'tools/*'\n"
             "  to: 'utilities/{name}'\n"
             "- path: 'bundles/*'\n"
             "  to: 'a/b/c/{path}:{tag}-carried'\n");
  world.succeed({"import", "all.tar", "--to-registry", to, "--map", to_string(carried.app.name) + "=renamed", "--map",
                 "map.yml"});
  CHECK(digest_of(world.inside, "m/renamed", image_tag(*carried.app.digest)) == carried.app.digest->text());
  CHECK(digest_of(world.inside, "m/utilities/tool", image_tag(*carried.tool.digest)) == carried.tool.digest->text());
  const std::string mapping = world.succeed({"import", "all.tar", "--to-registry", to, "--map", "map.yml"});
  CHECK(contains(mapping, ":v1-carried@"));
  CHECK(contains(mapping, " -> " + to + "/a/b-c-bundles-all-"));

  world.inside.forget_requests();
  const auto refused = [&](const std::string& yaml, const std::string& why) {
    write_text(world.path("bad.yml"), yaml);
    const std::string error = world.fail(1, {"import", "all.tar", "--to-registry", to, "--map", "bad.yml"});
    CAPTURE(error);
    CHECK(contains(error, why));
  };
  refused("rules: [{path: 'tools/*', refuse: 'not licensed'}]", "not licensed");
  refused("rules: [{path: 'tools/*', to: 'UPPER/{name}'}]", "registries do not accept");
  refused("rules: [{path: 'tools/*', to: 'x/{owner}'}]", "{owner}");
  refused("rules: [{path: 'tools/*'}]", "either 'to' or 'refuse'");
  refused("rules: [{path: 'tools/*', into: 'x'}]", "unknown field \"into\"");
  refused("levels: none", "levels");
  // A typing error does not go unseen.
  const Outcome unused = world.ociferry.run({"import", "all.tar", "--to-registry", to, "--dry-run", "--map", "map.yml",
                                             "--map", "registry.example.com/nothing:v1=x"});
  CHECK(unused.exit_code == 0);
  CHECK(contains(unused.err, "nothing here is called registry.example.com/nothing:v1: --map "));
  const std::string missing = world.fail(22, {"import", "all.tar", "--to-registry", to, "--map", "nope.yml"});
  CHECK(contains(missing, "reading a mapping file"));
  CHECK(contains(world.fail(1, {"import", "all.tar", "--to-registry", to + "/UP"}), "a PREFIX is a path of a-z"));
  CHECK(writes(world.inside).empty());
  const std::string fields =
      world.fail(1, {"import", "all.tar", "--to-repo", world.inside_repo("x"), "--map", "map.yml"});
  CHECK(contains(fields, "--map goes with --to-registry only"));
}

TEST_CASE("two images that would get the same name are refused before anything is written") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.outside, "apps/a", named_image(1), "v1");
  push_image(world.outside, "other/a", named_image(2), "v1");
  world.succeed(
      {"export", "-i", world.outside_ref("apps/a", "v1"), "-i", world.outside_ref("other/a", "v1"), "-o", "all.tar"});
  const std::string error = world.fail(1, {"import", "all.tar", "--to-registry", world.inside.host(), "--map",
                                           to_string(RepositoryName{world.outside.host(), "other/a"}) + "=apps/a"});
  CHECK(contains(error, "two images have the tag 'v1'"));
  CHECK(writes(world.inside).empty());
}

TEST_CASE("copy keeps names, and refuses to copy images onto themselves") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Carried carried;
  World& world = carried.world;
  const std::string bundle = world.outside_ref("bundles/all");
  world.succeed({"copy", "-b", bundle, "--to-registry", world.inside.host(), "--keep-registry"});
  std::string host = world.outside.host();
  std::ranges::replace(host, ':', '-');
  CHECK(digest_of(world.inside, host + "/bundles/all", "v1") == carried.bundle.digest->text());
  CHECK(digest_of(world.inside, host + "/team/app", image_tag(*carried.app.digest)) == carried.app.digest->text());
  world.outside.forget_requests();
  const std::string error = world.fail(1, {"copy", "-b", bundle, "--to-registry", world.outside.host()});
  CHECK(contains(error, "onto itself"));
  CHECK(writes(world.outside).empty());
}

TEST_CASE("--tag adds a tag to an image and reports it, and is refused before any write if no image matches") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Carried carried;
  World& world = carried.world;
  const std::string app = world.outside_ref("team/app");
  const std::string name = to_string(carried.app.name);
  const Words import = {"import", "all.tar", "--to-repo", world.inside_repo("dest")};
  const auto with = [&](Words more) {
    more.insert(more.begin(), import.begin(), import.end());
    return more;
  };
  CHECK(contains(world.fail(1, with({"--tag", "r.example/absent=x"})), name + "@" + carried.app.digest->text()));
  CHECK(contains(world.fail(1, with({"--tag", name + "=v1"})), "two images have the tag 'v1'"));
  CHECK(writes(world.inside).empty());
  const std::string told = world.succeed(with({"--tag", name + "=app-2.3.1", "--mapping-output", "names.json"}));
  CHECK(contains(told, "  " + to_string(carried.app) + " -> " + world.inside_repo("dest") + ":app-2.3.1@"));
  CHECK(contains(read_text(world.path("names.json")), "\"" + world.inside_repo("dest") + ":app-2.3.1\""));
  CHECK(digest_of(world.inside, "dest", "app-2.3.1") == carried.app.digest->text());
  CHECK(own_tags(world.inside, "dest") == Tags{"app-2.3.1", "v1"});
  world.fail(24, with({"--keep-tags", "--tag", to_string(carried.tool.name) + "=app-2.3.1"}));
  world.inside.forget_requests();
  CHECK(contains(world.succeed(with({"--tag", name + "=app-2.3.1"})), "Nothing to do"));
  CHECK(writes(world.inside).empty());
  world.succeed({"import", "all.tar", "--to-registry", world.inside.host(), "--tag", name + "=stable", "--tag",
                 carried.tool.digest->text() + "=stable"});
  CHECK(own_tags(world.inside, "team/app") == Tags{"stable"});
  CHECK(own_tags(world.inside, "tools/tool") == Tags{"stable"});
}

TEST_CASE("a reference by tag and digest keeps the tag, but not if called as imgpkg") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Reference image = push_image(world.outside, "apps/a", named_image(1), "v1");
  push_image(world.outside, "apps/a", named_image(2), "v1");  // the tag has moved since
  const std::string given = to_string(image.name) + ":v1@" + image.digest->text();
  world.succeed({"export", "-i", given, "-o", "a.tar"});
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("imported")});
  CHECK(digest_of(world.inside, "imported", "v1") == image.digest->text());
  world.succeed({"copy", "-i", given, "--to-registry", world.inside.host()});
  CHECK(digest_of(world.inside, "apps/a", "v1") == image.digest->text());
  std::filesystem::create_symlink(OCIFERRY_BINARY, world.path("imgpkg"));
  Program program = world.ociferry.program({"copy", "-i", given, "--to-repo", world.inside_repo("as-imgpkg")});
  program.arguments.front() = world.path("imgpkg").string();
  REQUIRE(run(program).exit_code == 0);
  CHECK(own_tags(world.inside, "as-imgpkg").empty());
}

TEST_CASE("skopeo finds images by their old names in the mirrors that --emit registries-conf names") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Carried carried;
  World& world = carried.world;
  const std::string old = world.outside_ref("team/app", "2.3.1");
  world.succeed({"export", "-i", old, "-i", world.outside_ref("tools/tool", "2.3.1"), "-o", "images.tar"});
  const Words import = {"import",        "images.tar",
                        "--to-registry", world.inside.host() + "/mirror",
                        "--emit",        "registries-conf=registries.conf",
                        "--emit",        "containerd-hosts=certs.d"};
  write_text(world.path("registries.conf"), "# mine\n");
  CHECK(contains(world.fail(1, import), "ociferry has not written it"));
  CHECK(writes(world.inside).empty());
  std::filesystem::remove(world.path("registries.conf"));
  world.succeed(import);
  CHECK(contains(read_text(world.path("certs.d/" + world.outside.host() + "/hosts.toml")),
                 "[host.\"https://" + world.inside.host() + "/v2/mirror\"]"));
  world.outside.stop();
  const Words pull = {"skopeo",
                      "--registries-conf",
                      world.path("registries.conf").string(),
                      "copy",
                      "--src-tls-verify=false",
                      "docker://" + old,
                      "dir:" + world.path("pulled").string()};
  CHECK(run({.arguments = pull}).exit_code == 0);
  write_text(world.path("registries.conf"), "");
  CHECK(run({.arguments = pull}).exit_code != 0);
}

TEST_CASE("an image in a repository of its own costs few additional requests") {
  if (lacks({"docker-registry"})) return;
  constexpr std::size_t kImages = 20;
  World world;
  Words exported = {"export", "-o", "many.tar"};
  for (std::size_t i = 0; i < kImages; ++i) {
    const std::string repository = "apps/n" + std::to_string(i);
    push_image(world.outside, repository, named_image(100 + i), "v1");
    exported.insert(exported.end(), {"-i", world.outside_ref(repository, "v1")});
  }
  world.succeed(exported);
  world.succeed({"import", "many.tar", "--to-registry", world.inside.host(), "--jobs", "2"});
  // Two for each of two blobs; a list of tags; the manifest by its digest's tag, put and read back; its own tag, put
  // and asked for again. Beside that a trial of mounts, and what the first repositories are asked for before it.
  constexpr std::size_t kEach = 2 * 2 + 1 + 2 + 2;
  CHECK(world.inside.requests().size() <= kEach * kImages + 25);
  // The next release: the list of tags says that nothing of it is there.
  push_image(world.outside, "apps/n0", named_image(99), "v2");
  world.succeed({"export", "-i", world.outside_ref("apps/n0", "v2"), "-o", "next.tar"});
  world.inside.forget_requests();
  world.succeed({"import", "next.tar", "--to-registry", world.inside.host()});
  CHECK(world.inside.requests().size() <= kEach + 2 + 2 + 2);  // pings, HEAD of both tags, HEAD of both blobs
  world.inside.forget_requests();
  CHECK(
      contains(world.succeed({"import", "many.tar", "--to-registry", world.inside.host(), "--keep-tags"}), "Nothing"));
  CHECK(writes(world.inside).empty());
}

TEST_CASE("an archive is read once for several destinations, and one that fails does not stop the others") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Carried carried;
  World& world = carried.world;
  RegistryServer other;
  const std::string gone = "127.0.0.1:" + std::to_string(free_port());
  const auto import = [&](const std::string& first, const std::string& second) {
    return std::vector<std::string>{"import", "all.tar", "--to-registry", first, "--to-registry", second};
  };
  const std::string told = world.succeed(import(world.inside.host(), other.host() + "/far"));
  CHECK(contains(told, "in " + world.inside.host() + ": wrote "));
  CHECK(contains(told, "in " + other.host() + "/far: wrote "));
  for (const auto& [registry, prefix] :
       {std::pair<const RegistryServer*, std::string>{&world.inside, ""}, {&other, "far/"}}) {
    CHECK(digest_of(*registry, prefix + "team/app", carried.app.digest->text()) == carried.app.digest->text());
    CHECK(digest_of(*registry, prefix + "bundles/all", "v1") == carried.bundle.digest->text());
  }
  for (RegistryServer* registry : {&world.inside, &other}) registry->forget_requests();
  CHECK(contains(world.succeed(import(world.inside.host(), other.host() + "/far")), "Nothing to do"));
  CHECK(writes(world.inside).empty());
  CHECK(writes(other).empty());

  const std::string failed = world.fail(23, import(gone, other.host() + "/again"));
  CHECK(contains(failed, "1 of 2 destinations failed:\n  - " + gone + ": "));
  CHECK(digest_of(other, "again/team/app", carried.app.digest->text()) == carried.app.digest->text());

  CHECK(contains(world.fail(1, import(other.host(), other.host())), "two of the destinations are the same"));
  std::vector<std::string> locked = import(world.inside.host(), other.host());
  locked.insert(locked.end(), {"--lock-output", "lock.yml"});
  CHECK(contains(world.fail(1, locked), "are about one destination"));
}

TEST_CASE("a destination mounts blobs that an earlier one in its registry got, or uploads them if that failed") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Carried carried;
  World& world = carried.world;
  const auto import = [&](const std::string& first, const std::string& second) {
    return Words{"import", "all.tar", "--to-repo", world.inside_repo(first), "--to-repo", world.inside_repo(second)};
  };
  Words words = import("one", "two");
  words.emplace_back("--json");
  const Json all = Json::parse(world.succeed(words), "the output");
  const Json::Array& destinations = *all.find("destinations")->as_array();
  REQUIRE(destinations.size() == 2);
  CHECK(*destinations[0].find("blobsMounted")->as_int() == 0);
  CHECK(*destinations[0].find("blobsWritten")->as_int() > 0);
  CHECK(*destinations[1].find("blobsMounted")->as_int() == *destinations[0].find("blobsWritten")->as_int());
  CHECK(*destinations[1].find("blobsWritten")->as_int() == 0);
  std::set<std::string> uploaded;
  for (const LoggedRequest& request : world.inside.requests()) {
    if (request.method != "PUT" || request.status != 201 || !contains(request.path, "/blobs/uploads/")) continue;
    CHECK(uploaded.insert(request.path.substr(request.path.find("digest="))).second);
  }
  CHECK(digest_of(world.inside, "two", "v1") == carried.bundle.digest->text());

  push_image(world.inside, "taken", named_image(9), "v1");
  Words kept = import("taken", "three");
  kept.emplace_back("--keep-tags");
  CHECK(contains(world.fail(24, kept), "1 of 2 destinations failed"));
  CHECK(digest_of(world.inside, "three", "v1") == carried.bundle.digest->text());
}

TEST_CASE("with --json each of several destinations has its own result or error") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Carried carried;
  World& world = carried.world;
  const std::string gone = "127.0.0.1:" + std::to_string(free_port()) + "/apps";
  const auto result =
      world.ociferry.run({"import", "all.tar", "--to-repo", gone, "--to-repo", world.inside_repo("apps"), "--json"});
  REQUIRE(result.exit_code == 23);
  const Json all = Json::parse(result.out, "the output");
  const Json::Array& destinations = *all.find("destinations")->as_array();
  REQUIRE(destinations.size() == 2);
  CHECK(destinations[0].string_at("repository") == gone);
  CHECK(destinations[0].find("error")->string_at("code") == "Network");
  CHECK(destinations[1].find("error")->is_null());
  CHECK(all.find("error")->string_at("code") == "Network");
}
