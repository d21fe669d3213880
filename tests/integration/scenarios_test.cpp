#include <doctest/doctest.h>

#include <algorithm>

#include "oci/tag_names.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// The acceptance scenarios, by copy and through an archive. The images' registry is `outside`, bundles go `inside`.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// The way that a bundle takes to its new place.
enum class Way { Copy, Archive };

void carry(World& world, Way way, const std::string& bundle, const std::string& to) {
  if (way == Way::Copy) {
    world.succeed({"copy", "-b", bundle, "--to-repo", to});
  } else {
    world.succeed({"export", "-b", bundle, "-o", "carried.tar"});
    world.succeed({"import", "carried.tar", "--to-repo", to});
  }
}

Reference by_digest(const Reference& reference) { return {reference.name, std::nullopt, reference.digest}; }

void bundle_only_with_image(Way way) {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "dkalinin/k8s-simple-app", make_image(), "v1");
  const Reference bundle = world.push_bundle("new-bundle", {app});
  carry(world, way, world.outside_ref("new-bundle"), world.inside_repo("new-location"));

  const std::string image = to_string(by_digest(app));
  CHECK(world.locations(world.inside, "new-location", *bundle.digest) == seed_yaml({{image, "new-location", false}}));
  CHECK(world.locations(world.inside, "new-location", *bundle.digest, "image-locations.yml") ==
        "---\napiVersion: imgpkg.carvel.dev/v1alpha1\nimages:\n- image: " + image +
            "\n  isBundle: false\nkind: ImageLocations\n");
}

void bundle_with_bundles(Way way) {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "dkalinin/k8s-simple-app", make_image(), "v1");
  const Reference nested = world.push_bundle("nested-bundle", {app});
  const Reference outer = world.push_bundle("new-bundle2", {nested});
  carry(world, way, world.outside_ref("new-bundle2"), world.inside_repo("new-location2"));

  CHECK(world.locations(world.inside, "new-location2", *outer.digest) ==
        seed_yaml({{to_string(by_digest(nested)), "new-location2", true}}));
  CHECK(world.locations(world.inside, "new-location2", *nested.digest) ==
        seed_yaml({{to_string(by_digest(app)), "new-location2", false}}));
}

void bundle_twice(Way way) {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "dkalinin/k8s-simple-app", make_image(), "v1");
  const Reference bundle = world.push_bundle("new-bundle", {app});
  carry(world, way, world.outside_ref("new-bundle"), world.inside_repo("first-location"));
  carry(world, way, world.inside_repo("first-location") + ":v1", world.inside_repo("second-location"));

  CHECK(world.locations(world.inside, "second-location", *bundle.digest) ==
        seed_yaml({{to_string(by_digest(app)), "second-location", false}}));
  CHECK(world.locations(world.inside, "first-location", *bundle.digest) ==
        seed_yaml({{to_string(by_digest(app)), "first-location", false}}));
}

void repository_with_namespaces(Way way) {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "dkalinin/k8s-simple-app", make_image(), "v1");
  const Reference bundle = world.push_bundle("some/new-bundle", {app});
  carry(world, way, world.outside_ref("some/new-bundle"), world.inside_repo("some/namespace/new-location"));

  CHECK(world.locations(world.inside, "some/namespace/new-location", *bundle.digest) ==
        seed_yaml({{to_string(by_digest(app)), "some/namespace/new-location", false}}));
}

void first_copied_without_locations(Way way) {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Reference app = push_image(world.outside, "dkalinin/k8s-simple-app", make_image(), "v1");
  const Reference bundle = world.push_bundle("new-bundle", {app});
  // skopeo plays the tool that copies a bundle and its image, and writes no locations.
  for (const Reference& from : {bundle, app}) {
    run_or_throw({.arguments = {"skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false",
                                "--preserve-digests", "docker://" + to_string(by_digest(from)),
                                "docker://" + world.inside_repo("first-location") + ":" + image_tag(*from.digest)}});
  }
  const std::string first = world.inside_repo("first-location");
  const std::string error =
      world.fail(22, {"pull", "-i", first + ":" + locations_tag(*bundle.digest), "-o", "locations"});
  CHECK(error.find("manifest unknown") != std::string::npos);

  carry(world, way, first + "@" + bundle.digest->text(), world.inside_repo("second-location"));
  CHECK(world.locations(world.inside, "second-location", *bundle.digest) ==
        seed_yaml({{to_string(by_digest(app)), "second-location", false}}));
}

}  // namespace

TEST_CASE("Copy bundle only with image creates locations image") { bundle_only_with_image(Way::Copy); }
TEST_CASE("Copy bundle with bundles creates one locations image per bundle") { bundle_with_bundles(Way::Copy); }
TEST_CASE("Copy bundle twice") { bundle_twice(Way::Copy); }
TEST_CASE("Repository with namespaces") { repository_with_namespaces(Way::Copy); }
TEST_CASE("First copied by a tool that writes no locations") { first_copied_without_locations(Way::Copy); }

TEST_CASE("Export and import of a bundle only with image creates locations image") {
  bundle_only_with_image(Way::Archive);
}
TEST_CASE("Export and import of a bundle with bundles creates one locations image per bundle") {
  bundle_with_bundles(Way::Archive);
}
TEST_CASE("Export and import of a bundle twice") { bundle_twice(Way::Archive); }
TEST_CASE("Export and import into a repository with namespaces") { repository_with_namespaces(Way::Archive); }
TEST_CASE("Export and import of what was first copied by a tool that writes no locations") {
  first_copied_without_locations(Way::Archive);
}

TEST_CASE("A copy that fails half way leaves no locations image") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference good = push_image(world.outside, "apps/good", make_image(), "v1");
  const Image broken = make_image({.layers = {{.size = 50'000, .seed = 9}}});
  const Reference bad = push_image(world.outside, "apps/bad", broken, "v1");
  const Reference bundle = world.push_bundle("new-bundle", {good, bad});
  // The registry loses a layer that its manifest names, so the copy can only find out when it moves blobs.
  const Digest lost = layers_of(broken).front().digest;
  lose_blob(world.outside, lost);

  const std::string error =
      world.fail(11, {"copy", "-b", world.outside_ref("new-bundle"), "--to-repo", world.inside_repo("new-location")});
  CHECK(error.find(lost.text()) != std::string::npos);
  CHECK(World::tags(world.inside, "new-location").empty());
  CHECK(writes(world.inside, "/manifests/").empty());
}

TEST_CASE("Images in a registry that demands credentials the puller lacks are found through locations") {
  if (lacks({"docker-registry", "htpasswd"})) return;
  RegistryServer guarded({.user = "robot:s3cret"});
  World world;
  const Reference app = push_image(guarded, "private/app", make_image(), "v1");
  const Reference bundle = world.push_bundle("new-bundle", {app});
  const std::string auths = R"({"auths":{")" + guarded.host() + R"(":{"username":"robot","password":"s3cret"}}})";
  world.ociferry.set_docker_config(auths);
  world.succeed({"copy", "-b", world.outside_ref("new-bundle"), "--to-repo", world.inside_repo("new-location")});
  world.ociferry.set_docker_config("{}");

  guarded.forget_requests();
  world.inside.forget_requests();
  world.succeed({"pull", "-b", world.inside_repo("new-location") + ":v1", "-o", "pulled"});
  for (const LoggedRequest& request : world.inside.requests()) {
    CHECK(request.path.find(app.digest->text()) == std::string::npos);  // the locations are believed, nobody is asked
  }
  const std::string lock = read_text(world.path("pulled/.imgpkg/images.yml"));
  CHECK(lock.find(world.inside_repo("new-location") + "@" + app.digest->text()) != std::string::npos);
  CHECK(guarded.requests().empty());
  // Without the locations image the same copy cannot be made by somebody without credentials.
  world.fail(20, {"copy", "-b", world.outside_ref("new-bundle"), "--to-repo", world.inside_repo("other")});
  world.succeed({"copy", "-b", world.inside_repo("new-location") + ":v1", "--to-repo", world.inside_repo("other")});
}
