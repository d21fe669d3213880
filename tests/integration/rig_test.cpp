#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>

#include "oci/json.hpp"
#include "ociferry/error.hpp"
#include "support/image_builder.hpp"
#include "support/process.hpp"
#include "support/registry_server.hpp"
#include "support/tls.hpp"
#include "support/token_server.hpp"

// The rig itself: what the other tests of this folder stand on.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

long count(const std::vector<LoggedRequest>& requests, std::string_view method, std::string_view path_part) {
  return std::ranges::count_if(requests, [&](const LoggedRequest& request) {
    return request.method == method && request.path.find(path_part) != std::string::npos;
  });
}

std::string skopeo_raw(const RegistryServer& registry, const Reference& reference) {
  return run_or_throw({.arguments = {"skopeo", "inspect", "--raw", "--tls-verify=false",
                                     "docker://" + registry.host() + "/" + reference.name.repository + "@" +
                                         reference.digest->text()}});
}

}  // namespace

TEST_CASE("skopeo reads what the builder pushed, and only the registry that holds it logs it") {
  if (lacks({"docker-registry", "skopeo"})) return;
  RegistryServer source;
  RegistryServer destination;
  const Image image = make_image({.layers = {{}, {.size = 100'000, .seed = 2}}, .labels = {{"purpose", "test"}}});
  const Reference reference = push_image(source, "team/app", image, "v1");

  source.forget_requests();
  const Json inspected = Json::parse(run_or_throw({.arguments = {"skopeo", "inspect", "--tls-verify=false",
                                                                 "docker://" + source.host() + "/team/app:v1"}}),
                                     "skopeo's answer");
  CHECK(inspected.string_at("Digest") == image.descriptor.digest.text());
  CHECK(inspected.find("Labels")->string_at("purpose") == "test");
  CHECK(inspected.find("Layers")->as_array()->size() == 2);

  CHECK(count(source.requests(), "GET", "/v2/team/app/manifests/v1") == 1);
  CHECK(destination.requests().empty());
  CHECK(reference.tag == "v1");
}

TEST_CASE("images of both families, every compression and nested indexes keep their digest in a registry") {
  if (lacks({"docker-registry", "skopeo"})) return;
  RegistryServer registry;
  const LayerRecipe plain{.compression = LayerCompression::None};
  const LayerRecipe zstd{.compression = LayerCompression::Zstd};
  const Image docker = make_image({.family = ImageFamily::Docker});
  const Image oci = make_image({.layers = {plain, {}, zstd}, .platform = {"linux", "arm64", "v8", ""}});
  const Image index = make_index({make_image(), oci});
  const Image nested = make_index({index, docker});
  for (const Image& image : {docker, oci, index, nested, make_index({docker}, ImageFamily::Docker)}) {
    const Reference reference = push_image(registry, "all/kinds", image);
    CHECK(skopeo_raw(registry, reference) == image.manifests.back().bytes);
  }
  CHECK(nested.manifests.size() == 5);
  CHECK(make_index({index, docker}).descriptor.digest == nested.descriptor.digest);
}

TEST_CASE("skopeo copies a layout of the builder into a registry") {
  if (lacks({"docker-registry", "skopeo"})) return;
  RegistryServer registry;
  const TempDirectory directory = temp_directory();
  const Image image = make_index({make_image(), make_image({.platform = {"linux", "arm64", "", ""}})});
  write_layout(image, directory.path() / "layout", "v1");
  run_or_throw({.arguments = {"skopeo", "copy", "--all", "--dest-tls-verify=false",
                              "oci:" + (directory.path() / "layout").string() + ":v1",
                              "docker://" + registry.host() + "/from/layout:v1"}});
  const HttpAnswer answer =
      registry.request("GET", "/v2/from/layout/manifests/v1", {"Accept: " + std::string(media_type::kOciIndex)});
  CHECK(answer.body == image.manifests.back().bytes);
  CHECK(answer.header("docker-content-digest") == image.descriptor.digest.text());
}

TEST_CASE("a registry that is restarted has its data, its port and an empty log") {
  if (lacks({"docker-registry"})) return;
  RegistryServer registry;
  const std::string host = registry.host();
  push_image(registry, "kept", make_image(), "v1");
  registry.stop();
  CHECK(registry.request("GET", "/v2/").status == 0);
  CHECK_THROWS_AS((void)registry.requests(), Error);
  registry.start();
  CHECK(registry.host() == host);
  CHECK(
      registry.request("HEAD", "/v2/kept/manifests/v1", {"Accept: " + std::string(media_type::kOciManifest)}).status ==
      200);
  CHECK(registry.requests().size() == 1);
}

TEST_CASE("a registry with basic authentication accepts its user only") {
  if (lacks({"docker-registry", "htpasswd"})) return;
  RegistryServer registry({.user = "robot:s3cret"});
  CHECK(registry.request("GET", "/v2/").status == 200);
  CHECK(perform({.url = registry.url() + "/v2/"}).status == 401);
  CHECK(perform({.url = registry.url() + "/v2/", .user = "robot:wrong"}).status == 401);
}

TEST_CASE("a registry with TLS is trusted with its authority's certificate only") {
  if (lacks({"docker-registry", "openssl"})) return;
  const TempDirectory directory = temp_directory();
  const auto status_with = [&](TlsFlaw flaw, const std::string& name) {
    RegistryServer registry({.tls = make_tls_identity(directory.path() / name, flaw)});
    return registry.request("GET", "/v2/").status;
  };
  CHECK(status_with(TlsFlaw::None, "good") == 200);
  CHECK(status_with(TlsFlaw::Expired, "expired") == 0);
  CHECK(status_with(TlsFlaw::OtherName, "other") == 0);
  RegistryServer registry({.tls = make_tls_identity(directory.path() / "unknown")});
  CHECK(perform({.url = registry.url() + "/v2/"}).status == 0);
}

TEST_CASE("a registry with tokens accepts those of its server until they expire, within their scope") {
  if (lacks({"docker-registry", "openssl"})) return;
  TokenServer tokens({.user = "robot:s3cret"});
  RegistryServer registry({.token = tokens.realm()});
  const HttpAnswer refused = registry.request("GET", "/v2/");
  CHECK(refused.status == 401);
  CHECK(refused.header("WWW-Authenticate").find(tokens.realm().url) != std::string::npos);

  const std::string url = tokens.realm().url + "?service=rig&scope=repository:team/app:pull,push";
  CHECK(perform({.url = url}).status == 401);
  const HttpAnswer granted = perform({.url = url, .user = "robot:s3cret"});
  registry.use_token(Json::parse(granted.body, "the token").string_at("token"));
  const Reference reference = push_image(registry, "team/app", make_image(), "v1");
  CHECK_THROWS_AS(push_image(registry, "team/other", make_image()), Error);
  CHECK(tokens.requests().size() == 2);
  CHECK(tokens.requests().back().scopes == std::vector<std::string>{"repository:team/app:pull,push"});

  TokenServer hasty({.lifetime = std::chrono::seconds{0}});
  RegistryServer strict({.token = hasty.realm()});
  strict.use_token(hasty.mint({"repository:team/app:pull,push"}));
  CHECK(strict.request("GET", "/v2/").status == 401);
}

TEST_CASE("a token server takes a refresh token, and may grant less than was requested") {
  TokenServer tokens({.user = "robot:s3cret", .refresh_token = "r+1", .scopes_granted = 1});
  RegistryServer registry({.token = tokens.realm()});
  const std::string form =
      "grant_type=refresh_token&service=rig&scope=repository%3Aa%3Apull,push+repository%3Ab%3Apull";
  const auto ask = [&](const std::string& refresh_token) {
    return perform({.method = "POST", .url = tokens.realm().url, .body = form + "&refresh_token=" + refresh_token});
  };
  CHECK(ask("wrong").status == 401);
  registry.use_token(Json::parse(ask("r%2B1").body, "the token").string_at("access_token"));
  CHECK(registry.request("GET", "/v2/a/tags/list").status == 404);
  CHECK(registry.request("GET", "/v2/b/tags/list").status == 401);
  CHECK(tokens.requests().back().scopes.size() == 2);
}

TEST_CASE("a process has its own environment, directory and input, and an exit differs from a signal") {
  const TempDirectory directory = temp_directory();
  const Outcome outcome = run({.arguments = {"sh", "-c", "cat; pwd; echo \"$WORD\" >&2; exit 7"},
                               .environment = Variables{{"WORD", "hello"}},
                               .directory = directory.path(),
                               .input = "fed\n"});
  CHECK(outcome.out == "fed\n" + directory.path().string() + "\n");
  CHECK(outcome.err == "hello\n");
  CHECK(outcome.exit_code == 7);

  Process sleeper({.arguments = {"sleep", "600"}});
  CHECK(sleeper.running());
  sleeper.send_signal(SIGTERM);
  CHECK(sleeper.wait().signal == SIGTERM);
  CHECK_FALSE(sleeper.running());

  Process hanging({.arguments = {"sleep", "600"}});
  CHECK_THROWS_AS(hanging.wait(std::chrono::milliseconds{1}), Error);
  CHECK_THROWS_AS(run({.arguments = {"no-such-program"}}), Error);
}
