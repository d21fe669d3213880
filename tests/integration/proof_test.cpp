#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

#include "support/fault_proxy.hpp"
#include "world.hpp"

// import and copy --verify=MODE, with a registry that loses what it has accepted.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// So that nobody waits for the next round.
const std::string kSoon = "--registry-retry-delay=1ms";

struct Packed {
  World world;
  Image image = make_image({.layers = {{.size = 40'000, .seed = 3}}});
  Reference app = push_image(world.outside, "apps/app", image, "v1");
  Reference bundle = world.push_bundle("bundles/app", {app});
  Digest layer = layers_of(image).front().digest;

  Packed() { world.succeed({"export", "-b", world.outside_ref("bundles/app"), "-o", "a.tar"}); }

  /// The two commands that write to a repository.
  [[nodiscard]] std::vector<Words> ways(const std::string& host, const std::string& mode) const {
    return {{"import", "a.tar", "--to-repo", host + "/imported", "--verify", mode, kSoon},
            {"copy", "-b", world.outside_ref("bundles/app"), "--to-repo", host + "/copied", "--tty", "--verify", mode,
             kSoon}};
  }
  [[nodiscard]] HttpAnswer read_layer(const std::string& repository) const {
    return world.inside.request("GET", "/v2/" + repository + "/blobs/" + layer.text());
  }
};

bool puts_locations(const HttpRequest& request) {
  return request.method == "PUT" && request.path.find("locations") != std::string::npos;
}

}  // namespace

TEST_CASE("--verify=blobs and --verify=full find a blob that the registry lost during the run, and put it again") {
  if (lacks({"docker-registry"})) return;
  Packed packed;
  for (const std::string mode : {"blobs", "full"}) {
    for (const std::size_t way : {0U, 1U}) {
      CAPTURE(mode);
      CAPTURE(way);
      std::atomic<bool> loses{true};
      const FaultProxy front(packed.world.inside, [&](const HttpRequest& request) -> std::optional<HttpReply> {
        if (puts_locations(request) && loses.exchange(false)) lose_blob(packed.world.inside, packed.layer);
        return std::nullopt;
      });
      const std::string out = packed.world.succeed(packed.ways(front.host() + "/" + mode, mode)[way]);
      CHECK_FALSE(loses);
      CHECK(out.find("; proved 6 blobs") != std::string::npos);
      CHECK(packed.read_layer(mode + (way == 0 ? "/imported" : "/copied")).status == 200);
    }
  }
}

TEST_CASE("a registry that loses a blob in every round ends import and copy with exit code 25 and no root tag") {
  if (lacks({"docker-registry"})) return;
  Packed packed;
  for (const std::size_t way : {0U, 1U}) {
    const FaultProxy front(packed.world.inside, [&](const HttpRequest& request) -> std::optional<HttpReply> {
      const bool asks = request.method == "HEAD" || request.method == "GET";
      if (!asks || request.path.find(packed.layer.text()) == std::string::npos) return std::nullopt;
      return HttpReply{404};
    });
    const std::string error = packed.world.fail(25, packed.ways(front.host(), "blobs")[way]);
    CHECK(error.find(packed.layer.text()) != std::string::npos);
    const auto tags = World::tags(packed.world.inside, way == 0 ? "imported" : "copied");
    CHECK(std::ranges::count(tags, "v1") == 0);
  }
}

TEST_CASE("below right tags, --verify=full finds damaged blobs, and --verify=blobs only lost ones") {
  if (lacks({"docker-registry"})) return;
  Packed packed;
  World& world = packed.world;
  const auto run = [&](const std::string& mode) {
    return world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("imported"), "--verify=" + mode, kSoon});
  };
  run("manifests");
  world.inside.forget_requests();
  CHECK(run("manifests").starts_with("Nothing to do"));
  CHECK(world.inside.requests().size() <= 6);
  CHECK(run("full").find("already there; proved 6 blobs") != std::string::npos);
  CHECK(writes(world.inside).empty());
  lose_blob(world.inside, packed.layer);
  CHECK(run("manifests").starts_with("Nothing to do"));
  CHECK(run("blobs").find("wrote 1 blob") != std::string::npos);
  CHECK(packed.read_layer("imported").status == 200);

  // This registry does not replace bytes that it has, even if they are wrong.
  const std::string hex(packed.layer.hex());
  const auto data =
      world.inside.data_directory() / "data/docker/registry/v2/blobs/sha256" / hex.substr(0, 2) / hex / "data";
  std::string bytes = read_text(data);
  bytes[1000] ^= 1;
  write_text(data, bytes);
  CHECK(run("blobs").starts_with("Nothing to do"));
  const std::string error =
      world.fail(25, {"import", "a.tar", "--to-repo", world.inside_repo("imported"), "--verify=full", kSoon});
  CHECK(error.find(packed.layer.text()) != std::string::npos);
}

TEST_CASE("push puts content again that the registry lost, in up to three rounds") {
  if (lacks({"docker-registry"})) return;
  World world;
  world.write_bundle("files", {});
  // Its digest is known from a push of the same files to the other registry.
  world.succeed({"push", "-b", world.outside_ref("apps/app"), "-f", "files"});
  const std::string type(media_type::kDockerManifest);
  const HttpAnswer pushed = world.outside.request("GET", "/v2/apps/app/manifests/v1", {"Accept: " + type});
  const auto manifest = std::get<Manifest>(parse_manifest(pushed.body, type));
  const Digest layer = manifest.layers.front().digest;
  std::atomic<int> losses{0};
  const FaultProxy front(world.inside, [&](const HttpRequest& request) -> std::optional<HttpReply> {
    const bool puts = request.method == "PUT" && request.path.find("/manifests/") != std::string::npos;
    if (puts && losses > 0 && losses-- > 0) lose_blob(world.inside, layer);
    return std::nullopt;
  });
  const auto push = [&](const std::string& repository) {
    return Words{"push", "--tty", "-b", front.host() + "/" + repository + ":v1", "-f", "files", kSoon};
  };
  losses = 2;
  world.succeed(push("mended"));
  CHECK(losses == 0);
  CHECK(world.inside.request("GET", "/v2/mended/blobs/" + layer.text()).body.size() == manifest.layers.front().size);
  CHECK(World::tags(world.inside, "mended").size() == 2);
  losses = 3;
  CHECK(world.fail(25, push("lost")).find("lost content that it had accepted") != std::string::npos);
  CHECK(losses == 0);
  CHECK(World::tags(world.inside, "lost").empty());
}

TEST_CASE("push does not report existing content after it repaired a loss") {
  if (lacks({"docker-registry"})) return;
  World world;
  world.write_bundle("files", {});
  world.succeed({"push", "-b", world.inside_repo("apps/app") + ":v1", "-f", "files"});
  const std::string type(media_type::kDockerManifest);
  const HttpAnswer pushed = world.inside.request("GET", "/v2/apps/app/manifests/v1", {"Accept: " + type});
  const Digest layer = std::get<Manifest>(parse_manifest(pushed.body, type)).layers.front().digest;
  // The tag is up to date, but the image's own tag seems to be missing, and the layer is lost when it is put again.
  std::atomic<bool> hides{true};
  std::atomic<bool> loses{true};
  const FaultProxy front(world.inside, [&](const HttpRequest& request) -> std::optional<HttpReply> {
    const bool is_own_tag = request.path.ends_with(".imgpkg");
    if (is_own_tag && request.method == "HEAD" && hides.exchange(false)) return HttpReply{404, {}, ""};
    if (is_own_tag && request.method == "PUT" && loses.exchange(false)) lose_blob(world.inside, layer);
    return std::nullopt;
  });
  const Words push{"push", "-b", front.host() + "/apps/app:v1", "-f", "files", "--json", kSoon};
  CHECK(world.succeed(push).find("\"alreadyThere\": false") != std::string::npos);
  CHECK_FALSE(loses);
  CHECK(world.inside.request("GET", "/v2/apps/app/blobs/" + layer.text()).status == 200);
  CHECK(world.succeed(push).find("\"alreadyThere\": true") != std::string::npos);
}

TEST_CASE("--verify accepts three values, and requires --to-repo") {
  const Ociferry ociferry(OCIFERRY_BINARY);
  const Outcome unknown = ociferry.run({"import", "a.tar", "--to-repo", "127.0.0.1:1/dest", "--verify=all"});
  CHECK(unknown.exit_code == 1);
  CHECK(unknown.err.find("[manifests, blobs, full]") != std::string::npos);
  CHECK(ociferry.run({"copy", "-i", "127.0.0.1:1/dest", "--to-tar", "a.tar", "--verify=full"}).exit_code == 1);
}
