#include <doctest/doctest.h>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "rows.hpp"
#include "stream/sha256.hpp"
#include "support/fake_registry.hpp"
#include "support/http_server.hpp"
#include "support/temp.hpp"

// --platform: of an index, only the children for some platforms travel, and the index keeps its digest.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string row(const Descriptor& child, const std::string& os, const std::string& arch, const std::string& more = "") {
  return text::cat(R"({"mediaType":")", child.media_type, R"(","digest":")", child.digest.text(), R"(","size":)",
                   child.size, R"(,"platform":{"os":")", os, R"(","architecture":")", arch, R"("})", more, "}");
}

/// For each architecture an image, or what says of itself that it runs nowhere.
std::vector<Image> images_for(const std::vector<Platform>& platforms, std::uint64_t seed) {
  std::vector<Image> images;
  for (const Platform& platform : platforms) {
    images.push_back(make_image({.layers = {{.seed = seed++}}, .platform = platform}));
  }
  return images;
}

/// An index as buildkit makes them: of images for three platforms, and an attestation of each.
struct Cargo {
  std::vector<Platform> platforms = {
      {"linux", "amd64", "", ""}, {"linux", "arm64", "", ""}, {"linux", "s390x", "", ""}};
  std::vector<Image> images = images_for(platforms, 1);
  std::vector<Image> attestations = images_for({3, {"unknown", "unknown", "", ""}}, 11);
  Image index = make_indexed();

 private:
  [[nodiscard]] Image make_indexed() const {
    std::vector<std::string> rows;
    for (std::size_t i = 0; i < images.size(); ++i) {
      rows.push_back(row(images[i].descriptor, "linux", platforms[i].architecture));
    }
    for (std::size_t i = 0; i < images.size(); ++i) {
      rows.push_back(row(attestations[i].descriptor, "unknown", "unknown",
                         text::cat(R"(,"annotations":{"vnd.docker.reference.type":"attestation-manifest",)",
                                   R"("vnd.docker.reference.digest":")", images[i].descriptor.digest.text(), R"("})")));
    }
    const std::string body = text::cat(R"({"schemaVersion":2,"mediaType":")", media_type::kOciIndex,
                                       R"(","manifests":[)", text::join(rows, ","), "]}");
    const Descriptor own{std::string(media_type::kOciIndex), sha256(body), body.size()};
    Image all{own, {}, {}};
    for (const std::vector<Image>& group : {images, attestations}) {
      for (const Image& child : group) {
        all.manifests.insert(all.manifests.end(), child.manifests.begin(), child.manifests.end());
        all.blobs.insert(child.blobs.begin(), child.blobs.end());
      }
    }
    all.manifests.push_back({own, body});
    return all;
  }
};

/// A registry that has such an index as team/app:v1, and an archive of it, all.tar.
struct Exported {
  Cargo cargo = {};
  World world;

  Exported() {
    push_image(world.outside, "team/app", cargo.index, "v1");
    world.succeed({"export", world.outside_ref("team/app"), "-o", "all.tar"});
  }
};

}  // namespace

TEST_CASE("--platform carries one platform of an index with its attestation, under the index's tag") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Cargo cargo;
  const std::string app = to_string(push_image(world.outside, "team/app", cargo.index, "v1").name) + ":v1";
  world.outside.forget_requests();
  const std::string told = world.succeed({"export", app, "-o", "arm.tar", "--platform", "linux/arm64"});
  CHECK(contains(told, "without 4 children of indexes"));
  for (const LoggedRequest& request : world.outside.requests()) {
    CHECK_FALSE(contains(request.path, cargo.images[0].descriptor.digest.text()));
    CHECK_FALSE(contains(request.path, cargo.attestations[2].descriptor.digest.text()));
  }
  world.succeed({"verify", "arm.tar"});
  const std::string shown = world.succeed({"inspect", "arm.tar"});
  CHECK(contains(shown, cargo.index.descriptor.digest.text()));
  const std::string absent = shown.substr(shown.find("absent: "));
  CHECK(contains(absent, "linux/amd64"));
  CHECK(contains(absent, "linux/s390x"));
  CHECK_FALSE(contains(absent, "linux/arm64"));
  CHECK(contains(world.succeed({"inspect", "arm.tar", "--json"}), cargo.images[2].descriptor.digest.text()));
  const auto skopeo = [&](const std::string& arch) {
    return run({.arguments = {"skopeo", "--override-os", "linux", "--override-arch", arch, "inspect", "--raw",
                              "--config", "oci-archive:" + world.path("arm.tar").string() + ":v1"}});
  };
  const Outcome arm = skopeo("arm64");
  CAPTURE(arm.err);
  CHECK(arm.exit_code == 0);
  CHECK(contains(arm.out, "\"arm64\""));
  CHECK(skopeo("amd64").exit_code != 0);

  // What was left out later is left out before.
  world.succeed({"export", app, "-o", "all.tar"});
  world.succeed({"copy", "--tar", "all.tar", "--to-tar", "narrowed.tar", "--platform", "linux/arm64"});
  CHECK(read_text(world.path("narrowed.tar")) == read_text(world.path("arm.tar")));
}

TEST_CASE("if the registry refuses sparse indexes, the image gets the tag, and a second run writes nothing") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Exported exported;
  const Cargo& cargo = exported.cargo;
  World& world = exported.world;
  const Words import{"import", "all.tar", "--to-repo", world.inside_repo("dest"), "--platform", "linux/arm64"};
  const Outcome first = world.ociferry.run(import);
  REQUIRE(first.exit_code == 0);
  CHECK(contains(first.err, "refuses incomplete indexes"));
  CHECK(contains(first.out, "without 4 children of indexes"));
  CHECK(digest_of(world.inside, "dest", "v1") == cargo.images[1].descriptor.digest.text());
  world.inside.forget_requests();
  CHECK(contains(world.succeed(import), "Nothing to do"));
  for (const LoggedRequest& request : world.inside.requests()) {
    CAPTURE(request.path);
    CHECK((request.method == "GET" || request.method == "HEAD" || request.status != 201));
  }
  Words keeping = import;
  keeping.emplace_back("--keep-tags");
  CHECK(contains(world.succeed(keeping), "Nothing to do"));
}

TEST_CASE("import adds absent children of an index, although the index's tag is right") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Exported exported;
  const Cargo& cargo = exported.cargo;
  World& world = exported.world;
  FakeRegistry content;
  content.takes_sparse_indexes = true;
  const HttpServer server(content.handler());
  const auto layer_of = [&](std::size_t i) { return layers_of(cargo.images[i]).front().digest; };
  const auto import = [&](const std::string& repository, const Words& more) {
    Words words{"import", "all.tar", "--to-repo", server.host() + "/" + repository};
    words.insert(words.end(), more.begin(), more.end());
    return world.succeed(words);
  };
  import("apps/one", {"--platform", "linux/arm64"});
  CHECK_FALSE(content.has_blob("apps/one", layer_of(0)));
  CHECK(contains(import("apps/one", {"--platform", "linux/arm64"}), "Nothing to do"));
  const Json plan = Json::parse(import("apps/one", {"--platform", "linux/amd64", "--dry-run", "--json"}), "plan");
  CHECK(*plan.find("repositories")->as_array()->front().find("upload")->find("blobs")->as_int() == 4);
  import("apps/one", {"--platform", "linux/amd64"});
  CHECK(content.has_blob("apps/one", layer_of(0)));
  CHECK_FALSE(content.has_blob("apps/one", layer_of(2)));
  import("apps/one", {});
  CHECK(content.has_blob("apps/one", layer_of(2)));
  CHECK(contains(import("apps/one", {}), "Nothing to do"));
  world.succeed({"export", server.host() + "/apps/one:v1", "-o", "again.tar"});
  world.succeed({"verify", "again.tar"});
}

TEST_CASE("a sparse index in a bundle is refused with the option that helps, which then imports it") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Cargo cargo;
  const Reference index = push_image(world.outside, "team/app", cargo.index, "v1");
  world.push_bundle("team/bundle", {index});
  world.succeed({"export", world.outside_ref("team/bundle"), "-o", "all.tar"});
  const Words import{"import", "all.tar", "--to-repo", world.inside_repo("dest")};
  Words narrowed = import;
  narrowed.insert(narrowed.end(), {"--platform", "linux/arm64"});
  const std::string error = world.fail(24, narrowed);
  CHECK(contains(error, "team/bundle"));
  CHECK(contains(error, "leave out --platform"));
  world.succeed(import);
  CHECK(digest_of(world.inside, "dest", image_tag(cargo.index.descriptor.digest)) ==
        cargo.index.descriptor.digest.text());
}

TEST_CASE("--strip-index puts a smaller index, and lock file, mapping, result and plan name its digest") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Cargo cargo;
  push_image(world.outside, "team/app", cargo.index, "v1");
  world.succeed({"export", world.outside_ref("team/app"), "-o", "arm.tar", "--platform", "linux/arm64"});
  const std::string dest = world.inside_repo("dest");
  const auto import = [&](const Words& more) {
    Words words{"import", "arm.tar", "--to-repo", dest, "--strip-index"};
    words.insert(words.end(), more.begin(), more.end());
    return world.succeed(words);
  };
  const Json plan = Json::parse(import({"--dry-run", "--json"}), "plan");
  const Json result =
      Json::parse(import({"--lock-output", "lock.yml", "--mapping-output", "map.json", "--json"}), "result");
  const std::string now = digest_of(world.inside, "dest", "v1");
  const std::string was = cargo.index.descriptor.digest.text();
  CHECK(now != was);
  for (const Json* told : {&plan, &result}) {
    const Json& index = told->find("strippedIndexes")->as_array()->at(0);
    CHECK(index.string_at("digest") == now);
    CHECK(index.string_at("index").ends_with(was));
    CHECK(index.find("entries")->as_int() != nullptr);
    CHECK(*index.find("entries")->as_int() == 2);
    CHECK(*index.find("entriesBefore")->as_int() == 6);
  }
  CHECK(*result.find("absentChildren")->as_int() == 4);
  CHECK(plan.find("names")->as_array()->at(0).find("from")->string_at("digest") == was);
  CHECK(contains(read_text(world.path("lock.yml")), dest + "@" + now));
  const Json mapping = Json::parse(read_text(world.path("map.json")), "mapping");
  CHECK(mapping.find("images")->as_array()->at(0).string_at("digest") == now);
  CHECK(mapping.find("images")->as_array()->at(0).string_at("fromDigest") == was);
  const Outcome read = run({.arguments = {"skopeo", "--override-os", "linux", "--override-arch", "arm64", "inspect",
                                          "--tls-verify=false", "--config", "docker://" + dest + ":v1"}});
  CAPTURE(read.err);
  CHECK(contains(read.out, "\"arm64\""));
  world.inside.forget_requests();
  CHECK(contains(import({}), "Nothing to do"));
  CHECK(writes(world.inside).empty());
  import({"--tag",
          to_string(Reference::by_digest({world.outside.host(), "team/app"}, cargo.index.descriptor.digest)) + "=arm"});
  CHECK(digest_of(world.inside, "dest", "arm") == now);
}

TEST_CASE("a dry run reports absent children, and does not count images that patterns leave out") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Cargo cargo;
  push_image(world.outside, "team/app", cargo.index, "v1");
  push_image(world.outside, "team/other", make_image({.layers = {{.seed = 50}}}), "v1");
  const Words refs{world.outside_ref("team/app"), world.outside_ref("team/other")};
  world.succeed({"export", refs[0], refs[1], "-o", "all.tar"});
  const std::vector<Words> commands = {{"export", refs[0], refs[1], "-o", "arm.tar"},
                                       {"import", "all.tar", "--to-repo", world.inside_repo("dest")},
                                       {"copy", refs[0], "--to-repo", world.inside_repo("dest")}};
  for (Words command : commands) {
    CAPTURE(command.front());
    command.insert(command.end(), {"--platform", "linux/arm64,linux/s390x", "--include", "*/app:*", "--dry-run"});
    const std::string told = world.succeed(command);
    CHECK(contains(told, "Indexes without some of their children:\n  " + world.outside.host() + "/team/app@"));
    CHECK(contains(told, "absent: "));
    CHECK(contains(told, "linux/amd64"));
    CHECK_FALSE(contains(told, "absent: linux/arm64"));
    CHECK_FALSE(contains(told, "team/other"));
    command.emplace_back("--json");
    const Json plan = Json::parse(world.succeed(command), "plan");
    const Json::Array& partial = *plan.find("partialIndexes")->as_array();
    REQUIRE(partial.size() == 1);
    CHECK(partial.front().find("absent")->as_array()->size() == 2);  // an image and its attestation
  }
  CHECK_FALSE(std::filesystem::exists(world.path("arm.tar")));
  CHECK(writes(world.inside).empty());
}

TEST_CASE("a platform that an index lacks is an error that names its platforms, and a malformed one is an error") {
  if (lacks({"docker-registry"})) return;
  Exported exported;
  World& world = exported.world;
  const std::string app = world.outside_ref("team/app");
  const std::vector<Words> commands = {{"export", app, "-o", "none.tar"},
                                       {"copy", app, "--to-repo", world.inside_repo("dest")},
                                       {"copy", "--tar", "all.tar", "--to-tar", "none.tar"},
                                       {"import", "all.tar", "--to-repo", world.inside_repo("dest")},
                                       {"import", "all.tar", "--to-repo", world.inside_repo("dest"), "--dry-run"}};
  for (const Words& command : commands) {
    CAPTURE(command.front());
    const auto with = [&](const std::string& platform) {
      Words all = command;
      all.insert(all.end(), {"--platform", platform});
      return all;
    };
    const std::string error = world.fail(22, with("linux/riscv64"));
    CHECK(contains(error, "linux/riscv64"));
    CHECK(contains(error, "linux/amd64"));
    CHECK(contains(error, "linux/s390x"));
    world.fail(1, with("linux"));
    world.fail(1, with("linux/arm64/v8/extra"));
  }
  world.succeed({"copy", "--tar", "all.tar", "--to-tar", "arm.tar", "--platform", "linux/arm64"});
  const std::string lost =
      world.fail(22, {"import", "arm.tar", "--to-repo", world.inside_repo("dest"), "--platform", "linux/amd64"});
  CHECK(contains(lost, "available: linux/arm64\n"));  // though the index lists others
  CHECK_FALSE(std::filesystem::exists(world.path("none.tar")));
  CHECK(writes(world.inside).empty());
}
