#include <doctest/doctest.h>

#include <filesystem>
#include <string_view>

#include "layout/sealed/archive_reader.hpp"
#include "oci/json.hpp"
#include "rows.hpp"
#include "support/temp.hpp"

// What a site has, told to the side that sends to it.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

bool names_it(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

Image with_layers(std::uint64_t one, std::uint64_t other) {
  return make_image({.layers = {{.size = 200'000, .seed = one}, {.size = 4000, .seed = other}}});
}

std::uint64_t count_at(const Json& object, std::string_view key) {
  return static_cast<std::uint64_t>(*object.find(key)->as_int());
}

/// web:v1 is in two sites, which have it from other archives; web:v2 has the same large layer.
struct Sites {
  World world;
  RegistryServer second;
  Image v1 = with_layers(81, 82);
  Image v2 = with_layers(81, 83);

  Sites() {
    push_image(world.outside, "team/web", v1, "v1");
    push_image(world.outside, "team/web", v2, "v2");
    world.succeed({"copy", "-i", web("v1"), "--to-repo", world.inside_repo("apps")});
    world.succeed({"copy", "-i", web("v1"), "--to-repo", second.host() + "/other/apps"});
  }

  [[nodiscard]] std::string web(const std::string& tag) const { return world.outside_ref("team/web", tag); }
  [[nodiscard]] Digest large_layer() const { return layers_of(v1).front().digest; }
  [[nodiscard]] Digest new_layer() const { return layers_of(v2).back().digest; }
  std::string list(const Words& what, const std::string& file) {
    Words words{"inventory", "-o", file};
    words.insert(words.end(), what.begin(), what.end());
    return world.succeed(words);
  }
  [[nodiscard]] bool has_large_layer(const std::string& archive) const {
    return ArchiveReader(world.path(archive)).size_of(large_layer()).has_value();
  }
};

}  // namespace

TEST_CASE("an export leaves out what the other side's list says, and the import is that of the full archive") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Sites sites;
  World& world = sites.world;
  world.inside.forget_requests();
  CHECK(names_it(sites.list({"--repo", world.inside_repo("apps")}, "have.json"), "Listed 2 layers"));
  for (const LoggedRequest& request : world.inside.requests()) CHECK_FALSE(names_it(request.path, "/blobs/"));
  const std::string list = read_text(world.path("have.json"));
  CHECK(names_it(list, sites.large_layer().text()));
  CHECK(names_it(list, world.inside_repo("apps")));
  sites.list({"--repo", world.inside_repo("apps")}, "have.json");  // over the old one
  CHECK(read_text(world.path("have.json")) == list);

  const Json report = Json::parse(
      world.succeed({"export", "-i", sites.web("v2"), "--have", "have.json", "-o", "delta.tar", "--json"}), "report");
  const Json& base = report.find("delta")->find("buildsOn")->as_array()->front();
  CHECK(base.string_at("kind") == "have-list");
  CHECK(*base.find("repositories")->as_array()->front().as_string() == world.inside_repo("apps"));
  CHECK_FALSE(sites.has_large_layer("delta.tar"));
  CHECK(names_it(world.succeed({"verify", "delta.tar"}), world.inside_repo("apps")));
  world.succeed({"import", "delta.tar", "--to-repo", world.inside_repo("apps")});
  CHECK(digest_of(world.inside, "apps", "v2") == sites.v2.descriptor.digest.text());
  world.succeed({"pull", "-i", world.inside_repo("apps:v2"), "-o", "pulled"});
}

TEST_CASE("blobs that another repository of the registry has are mounted from there") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Sites sites;
  World& world = sites.world;
  // The catalog goes on listing a repository whose tags are gone.
  world.succeed({"copy", "-i", sites.web("v1"), "--to-repo", world.inside_repo("gone")});
  std::filesystem::remove_all(world.inside.data_directory() / "data/docker/registry/v2/repositories/gone/_manifests");
  sites.list({"--registry", world.inside.host()}, "have.json");
  CHECK(names_it(read_text(world.path("have.json")), world.inside_repo("apps")));
  CHECK_FALSE(names_it(read_text(world.path("have.json")), world.inside_repo("gone")));
  world.fail(22, {"inventory", "--repo", world.inside_repo("gone"), "-o", "none.json"});
  world.succeed({"export", "-i", sites.web("v2"), "--have", "have.json", "-o", "delta.tar"});
  const Json plan = Json::parse(
      world.succeed({"import", "delta.tar", "--to-repo", world.inside_repo("fresh"), "--dry-run", "--json"}), "plan");
  CHECK(count_at(*plan.find("mountOrUpload"), "blobs") == 1);
  const Json report =
      Json::parse(world.succeed({"import", "delta.tar", "--to-repo", world.inside_repo("fresh"), "--json"}), "report");
  CHECK(count_at(report, "blobsMounted") == 1);
  CHECK(count_at(report, "bytesWritten") < 100'000);
  CHECK(digest_of(world.inside, "fresh", "v2") == sites.v2.descriptor.digest.text());
  world.succeed({"pull", "-i", world.inside_repo("fresh:v2"), "-o", "pulled"});
}

TEST_CASE("with several have-lists, export leaves out only what all sites have") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Sites sites;
  World& world = sites.world;
  // The second site has the new layer already.
  const Image extra = with_layers(84, 83);
  push_image(sites.second, "other/apps", extra, "extra");
  sites.list({"--repo", world.inside_repo("apps")}, "a.json");
  sites.list({"--repo", sites.second.host() + "/other/apps"}, "b.json");
  const Words common{"export", "-i", sites.web("v2"), "--have", "a.json", "--have", "b.json"};
  const auto export_with = [&](const std::string& archive, const Words& more) {
    Words words = common;
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"-o", archive});
    world.succeed(words);
  };
  export_with("all.tar", {"--for-each-site"});
  export_with("one-site.tar", {});
  CHECK_FALSE(sites.has_large_layer("all.tar"));
  CHECK(ArchiveReader(world.path("all.tar")).size_of(sites.new_layer()));
  CHECK_FALSE(ArchiveReader(world.path("one-site.tar")).size_of(sites.new_layer()));
  for (const std::string& to : {world.inside_repo("apps"), sites.second.host() + "/other/apps"}) {
    world.succeed({"import", "all.tar", "--to-repo", to});
  }
  CHECK(digest_of(world.inside, "apps", "v2") == sites.v2.descriptor.digest.text());
  CHECK(digest_of(sites.second, "other/apps", "v2") == sites.v2.descriptor.digest.text());
  // The order of the lists says nothing.
  world.succeed(
      {"export", "-i", sites.web("v2"), "--have", "b.json", "--have", "a.json", "--for-each-site", "-o", "again.tar"});
  CHECK(read_text(world.path("again.tar")) == read_text(world.path("all.tar")));
  CHECK(names_it(world.fail(1, {"export", "-i", sites.web("v2"), "--have", "a.json", "--for-each-site", "-o", "x.tar"}),
                 "--for-each-site goes with"));
}

TEST_CASE("inventory lists what archives hold, and not what a delta leaves out") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Sites sites;
  World& world = sites.world;
  world.succeed({"export", "-i", sites.web("v1"), "-o", "old.tar"});
  world.succeed({"export", "-i", sites.web("v2"), "--have", "old.tar", "-o", "delta.tar"});
  sites.list({"delta.tar"}, "delta.json");
  CHECK_FALSE(names_it(read_text(world.path("delta.json")), sites.large_layer().text()));
  CHECK(names_it(read_text(world.path("delta.json")), sites.new_layer().text()));
  sites.list({"old.tar", "delta.tar"}, "both.json");
  world.succeed({"export", "-i", sites.web("v2"), "--have", "both.json", "-o", "nothing-new.tar"});
  CHECK_FALSE(sites.has_large_layer("nothing-new.tar"));
  CHECK_FALSE(ArchiveReader(world.path("nothing-new.tar")).size_of(sites.new_layer()));
  // It is merged by whatever has the layers.
  world.succeed({"copy", "--tar", "nothing-new.tar", "--base", "old.tar", "--base", "delta.tar", "--to-tar", "m.tar"});
  world.succeed({"export", "-i", sites.web("v2"), "-o", "full.tar"});
  CHECK(read_text(world.path("m.tar")) == read_text(world.path("full.tar")));
}

TEST_CASE("inventory reports what it cannot list, and replaces no foreign file") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  write_text(world.path("notes.txt"), "mine");
  push_image(world.inside, "apps", with_layers(81, 82), "v1");
  const std::string repository = world.inside_repo("apps");
  CHECK(names_it(world.fail(1, {"inventory", "--repo", repository, "-o", "notes.txt"}), "is no have-list"));
  CHECK(read_text(world.path("notes.txt")) == "mine");
  static_cast<void>(world.fail(22, {"inventory", "--repo", world.inside_repo("absent"), "-o", "have.json"}));
  CHECK_FALSE(fs::exists(world.path("have.json")));
  CHECK(names_it(world.fail(1, {"inventory", "-o", "have.json"}), "Nothing to list"));
  CHECK(names_it(world.fail(1, {"inventory", "--registry", repository, "-o", "have.json"}), "is no registry"));
  world.succeed({"inventory", "--repo", repository, "-o", "notes.txt", "--force"});
  write_text(world.path("bad.json"), R"({"ociferryHave":1,"repositories":[]})");
  const std::string error = world.fail(13, {"export", "-i", repository + ":v1", "--have", "bad.json", "-o", "x.tar"});
  CHECK(names_it(error, "bad.json is not a readable have-list"));
  CHECK_FALSE(fs::exists(world.path("x.tar")));
  static_cast<void>(world.fail(10, {"export", "-i", repository + ":v1", "--have", "seal.json", "-o", "x.tar"},
                               (write_text(world.path("seal.json"), R"({"schemaVersion":1})"), Variables{})));
}

TEST_CASE("diff names new, removed and changed images of archives, also of deltas") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Sites sites;
  World& world = sites.world;
  push_image(world.outside, "team/job", with_layers(81, 85), "v1");
  push_image(world.outside, "team/web", sites.v1, "stable");
  const std::string stable = sites.web("stable");
  world.succeed({"export", "-i", stable, "-i", sites.web("v1"), "-o", "old.tar"});
  push_image(world.outside, "team/web", sites.v2, "stable");
  const Words what{"export", "-i", stable, "-i", world.outside_ref("team/job")};
  for (const Words& more : {Words{"-o", "new.tar"}, Words{"--have", "old.tar", "-o", "delta.tar"}}) {
    Words words = what;
    words.insert(words.end(), more.begin(), more.end());
    world.succeed(words);
  }
  for (const std::string archive : {"new.tar", "delta.tar"}) {
    const Json diff = Json::parse(world.succeed({"diff", "old.tar", archive, "--json"}), "diff");
    const Json::Array& changed = *diff.find("changed")->as_array();
    REQUIRE(changed.size() == 1);
    CHECK(changed[0].string_at("tag") == "stable");
    CHECK(changed[0].string_at("from") == sites.v1.descriptor.digest.text());
    CHECK(changed[0].string_at("to") == sites.v2.descriptor.digest.text());
    REQUIRE(diff.find("added")->as_array()->size() == 1);
    CHECK(names_it(diff.find("added")->as_array()->front().string_at("repository"), "team/job"));
    REQUIRE(diff.find("removed")->as_array()->size() == 1);
    CHECK(diff.find("removed")->as_array()->front().string_at("tag") == "v1");
    CHECK(count_at(*diff.find("blobsAdded"), "blobs") == 6);  // two images without the large layer
    CHECK(count_at(*diff.find("blobsGone"), "blobs") == 3);
    CHECK(count_at(*diff.find("blobsKept"), "blobs") == 1);
    CHECK(count_at(*diff.find("blobsKept"), "bytes") == layers_of(sites.v1).front().size);
  }
  const std::string text = world.succeed({"diff", "old.tar", "new.tar"});
  CHECK(names_it(text, "changed  " + stable + ": " + sites.v1.descriptor.digest.text()));
  CHECK(names_it(world.succeed({"diff", "new.tar", "delta.tar"}), "0 blobs (0 B) added, 0 blobs (0 B) gone"));
  CHECK(names_it(world.fail(1, {"diff", "old.tar"}), "two archives are compared"));
}
