#include <doctest/doctest.h>

#include <algorithm>

#include "oci/tag_names.hpp"
#include "rows.hpp"
#include "support/fake_registry.hpp"
#include "support/fault_proxy.hpp"

// Registries that do not let a tag be moved, in the words of five of them.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

struct Wording {
  std::string registry;
  HttpReply refusal;
};

std::vector<Wording> wordings() {
  return {
      {"ECR", registry_error_reply(400, "TAG_INVALID",
                                   "The image tag already exists and cannot be overwritten: it is immutable.")},
      {"Harbor", registry_error_reply(412, "PRECONDITION", "configured as immutable, cannot be updated.")},
      {"Docker Hub", registry_error_reply(403, "DENIED", "requested access to the resource is denied")},
      {"Artifact Registry", {400, {{"Content-Type", "text/plain"}}, "The repository has enabled tag immutability."}},
      {"Quay", registry_error_reply(409, "TAG_IMMUTABLE")}};
}

/// A registry that refuses every PUT of a tag that is there already, even if it would change nothing.
FaultProxy immutable(const RegistryServer& registry, const HttpReply& refusal) {
  return FaultProxy(registry, [&registry, refusal](const HttpRequest& request) -> std::optional<HttpReply> {
    const std::string part = "/manifests/";
    const auto at = request.path.find(part);
    if (request.method != "PUT" || at == std::string::npos) return std::nullopt;
    const std::string tag = request.path.substr(at + part.size());
    if (tag.starts_with("sha256:")) return std::nullopt;
    const std::string repository = request.path.substr(4, at - 4);
    if (digest_of(registry, repository, tag).empty()) return std::nullopt;
    return refusal;
  });
}

}  // namespace

TEST_CASE("a repeated import into a repository with immutable tags puts nothing") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  const Reference bundle = world.push_bundle("bundles/one", {app});
  world.succeed({"export", "-b", world.outside_ref("bundles/one"), "-o", "a.tar"});
  const FaultProxy front = immutable(world.inside, wordings().front().refusal);
  const auto import = [&](const Words& more) {
    Words words = {"import", "a.tar", "--to-repo", front.host() + "/dest"};
    words.insert(words.end(), more.begin(), more.end());
    world.succeed(words);
    return front.count("PUT", "/manifests/");
  };
  const std::size_t first = import({});
  CHECK(first == 5);  // two images, the locations image twice, the root's tag
  CHECK(import({}) == first);
  CHECK(import({"--recheck"}) == first);
  CHECK(front.count("PUT", "/blobs/") == 6);  // a configuration and a layer each
  // Nor does an image, or a bundle's locations, that the next bundle brings along again.
  world.push_bundle("bundles/two", {bundle, app});
  world.succeed(
      {"copy", "-b", world.outside_ref("bundles/two"), "--to-repo", front.host() + "/dest", "--no-root-tags"});
  CHECK(front.count("PUT", "/manifests/") == first + 3);
}

TEST_CASE("an immutable tag is an error with both digests, for every registry's form of refusal") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference first = push_image(world.outside, "apps/first", make_image({.layers = {{.seed = 1}}}), "v1");
  const Reference second = push_image(world.outside, "apps/second", make_image({.layers = {{.seed = 2}}}), "v1");
  for (const Wording& wording : wordings()) {
    CAPTURE(wording.registry);
    const FaultProxy front = immutable(world.inside, wording.refusal);
    std::string repository = "dest" + std::to_string(wording.refusal.status) + std::to_string(wording.registry.size());
    const std::string to = front.host() + "/" + repository;
    world.succeed({"copy", "-i", world.outside_ref("apps/first"), "--to-repo", to});
    const std::string error = world.fail(24, {"copy", "-i", world.outside_ref("apps/second"), "--to-repo", to});
    CHECK(error.find(to + ":v1 points to " + first.digest->text()) != std::string::npos);
    CHECK(error.find("cannot be moved to " + second.digest->text()) != std::string::npos);
    CHECK(digest_of(world.inside, repository, "v1") == first.digest->text());
    CHECK(digest_of(world.inside, repository, image_tag(*second.digest)) == second.digest->text());
  }
}

TEST_CASE("locations under an immutable tag are accepted, with a warning, if they list the bundle's images") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  const Reference bundle = world.push_bundle("bundles/one", {app});
  // Another repository's locations of the same bundle: they list the same images, at another place.
  world.succeed({"copy", "-b", world.outside_ref("bundles/one"), "--to-repo", world.inside_repo("first")});
  const std::string tag = locations_tag(*bundle.digest);
  const std::string theirs = digest_of(world.inside, "first", tag);
  world.succeed({"copy", "-i", world.inside_repo("first") + ":" + tag, "--to-repo", world.inside_repo("dest")});
  // Copies make such tags anew, so the rig puts this one.
  const std::string type(media_type::kDockerManifest);
  const HttpAnswer manifest = world.inside.request("GET", "/v2/first/manifests/" + tag, {"Accept: " + type});
  REQUIRE(world.inside.request("PUT", "/v2/dest/manifests/" + tag, {"Content-Type: " + type}, manifest.body).status ==
          201);
  const FaultProxy front = immutable(world.inside, wordings().front().refusal);
  const Words copy = {"copy", "-b", world.outside_ref("bundles/one"), "--to-repo", front.host() + "/dest"};
  const Outcome outcome = world.ociferry.run(copy);
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.find("the existing locations image lists the same images") != std::string::npos);
  CHECK(digest_of(world.inside, "dest", tag) == theirs);
  CHECK(digest_of(world.inside, "dest", "v1") == bundle.digest->text());

  push_image(world.inside, "useless", make_image(), tag);
  const std::string error =
      world.fail(24, {"copy", "-b", world.outside_ref("bundles/one"), "--to-repo", front.host() + "/useless"});
  CHECK(error.find("cannot be moved") != std::string::npos);
  CHECK(digest_of(world.inside, "useless", "v1").empty());
}
