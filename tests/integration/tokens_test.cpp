#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

#include "gate.hpp"
#include "oci/tag_names.hpp"
#include "stream/base64.hpp"
#include "support/fault_proxy.hpp"
#include "support/http_server.hpp"
#include "support/temp.hpp"
#include "support/token_server.hpp"
#include "world.hpp"

// Bearer tokens, and registries that refuse some of what they are asked.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const Words kTokenPrograms = {"docker-registry", "openssl"};
const std::string kTokenUser = "robot:s3cret";

std::string authorization(const HttpRequest& request) { return request.headers.find("Authorization").value_or(""); }

/// A registry that takes tokens only, seen through a proxy that records headers. The rig itself may do everything.
struct TokenWorld {
  TokenServer tokens;
  RegistryServer registry;
  FaultProxy front;
  Ociferry ociferry{OCIFERRY_BINARY};

  explicit TokenWorld(const TokenServerOptions& options, FaultProxy::Intercept intercept = {})
      : tokens(options), registry({.token = tokens.realm()}), front(registry, std::move(intercept)) {
    // The rig's own token must last, whatever the program's tokens do: this server grants what it is asked for.
    registry.use_token(tokens.mint({"repository:team/app:pull,push"}));
  }

  [[nodiscard]] std::string at(const std::string& repository) const { return front.host() + "/" + repository; }

  void log_in(const std::string& user) const {
    ociferry.set_docker_config(R"({"auths": {")" + front.host() + R"(": {"auth": ")" + base64_encoded(user) + "\"}}}");
  }

  /// Pushes an image as the rig, and returns where the program finds it.
  [[nodiscard]] Reference push_app(const Image& image) const {
    return by_way_of(front.host(), push_image(registry, "team/app", image, "v1"));
  }

  /// Runs a command that must end with `exit_code`; returns what it wrote to its standard output and error.
  std::string run(int exit_code, Words arguments, const Words& more = {}) const {
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = ociferry.run(arguments);
    INFO("standard output: " << outcome.out << "\nstandard error: " << outcome.err);
    REQUIRE(outcome.exit_code == exit_code);
    return outcome.out + outcome.err;
  }

  /// Writes a bundle that needs `image` and pushes it to team/bundle:v1.
  void push_bundle(const Reference& image) const {
    write_text(
        ociferry.home() / "bundle/.imgpkg/images.yml",
        "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: " + to_string(image) + "\n");
    run(0, {"push", "-b", at("team/bundle:v1"), "-f", "bundle"});
  }
};

Reference by_digest(Reference reference) {
  reference.tag.reset();
  return reference;
}

bool is_upload(const HttpRequest& request) {
  return request.method == "PUT" && request.path.find("/blobs/uploads/") != std::string::npos;
}

}  // namespace

TEST_CASE("with tokens, passwords go to the token server only and tokens to the registry only, for all commands") {
  if (lacks(kTokenPrograms)) return;
  const TokenWorld world({.user = kTokenUser});
  const Image image = make_image({.layers = {{.seed = 1}, {.seed = 2}}});
  const Reference app = world.push_app(image);
  world.log_in(kTokenUser);
  world.push_bundle(by_digest(app));
  const std::string said =
      world.run(0, {"copy", "--tty", "-b", world.at("team/bundle:v1"), "--to-repo", world.at("team/copied")});
  world.run(0, {"export", "-b", world.at("team/copied:v1"), "-o", "a.tar"});
  world.run(0, {"import", "a.tar", "--to-repo", world.at("team/imported")});
  world.run(0, {"pull", "-b", world.at("team/imported:v1"), "-o", "pulled"});

  // Every blob of the app and of the bundle was mounted: the token allowed to read the one and write the other.
  CHECK(said.find("mounted 5 blobs") != std::string::npos);
  const auto asked = world.tokens.requests();
  CHECK(std::ranges::count(asked,
                           std::vector<std::string>{"repository:team/copied:pull,push", "repository:team/app:pull"},
                           &LoggedTokenRequest::scopes) == 1);
  for (const LoggedTokenRequest& request : asked) {
    CHECK(request.authorization == "Basic " + base64_encoded(kTokenUser));
    CHECK(request.service == "rig");
    CHECK(request.status == 200);
  }
  const auto seen = world.front.requests();
  CHECK(std::ranges::any_of(seen, [](const HttpRequest& request) { return !authorization(request).empty(); }));
  for (const HttpRequest& request : seen) {
    CHECK((authorization(request).empty() || authorization(request).starts_with("Bearer ")));
    CHECK(request.body.find("s3cret") == std::string::npos);
  }
}

TEST_CASE("a token is fetched once for each repository and access, not for each request") {
  if (lacks(kTokenPrograms)) return;
  const TokenWorld world({.user = kTokenUser});
  std::vector<LayerRecipe> layers;
  for (std::uint64_t seed = 0; seed < 20; ++seed) layers.push_back({.size = 100, .seed = seed});
  const Reference app = world.push_app(make_image({.layers = layers}));
  world.log_in(kTokenUser);
  world.run(0, {"export", "-i", to_string(app), "-o", "a.tar", "-j", "8"});
  CHECK(world.tokens.requests().size() == 1);
  world.run(0, {"import", "a.tar", "--to-repo", world.at("team/imported"), "-j", "8"});
  // Pulling and pushing are asked for apart.
  CHECK(world.tokens.requests().size() <= 3);
}

TEST_CASE("with anonymous tokens no credentials are sent") {
  if (lacks(kTokenPrograms)) return;
  const TokenWorld world({});
  const Reference app = world.push_app(make_image());
  world.run(0, {"export", "-i", to_string(app), "-o", "a.tar"});
  REQUIRE_FALSE(world.tokens.requests().empty());
  for (const LoggedTokenRequest& request : world.tokens.requests()) CHECK(request.authorization.empty());
}

TEST_CASE("a token given as an option is sent unchanged, and no token server is asked") {
  if (lacks(kTokenPrograms)) return;
  const TokenWorld world({.user = kTokenUser});
  const Reference app = world.push_app(make_image());
  const std::string token = world.tokens.mint({"repository:team/app:pull"});
  const Words arguments = {"export", "-i", to_string(app), "-o", "a.tar", "--debug"};
  const std::string said = world.run(0, arguments, {"--registry-token", token});
  CHECK(said.find(token) == std::string::npos);
  CHECK(world.ociferry.run(arguments, {{"IMGPKG_TOKEN", token}}).exit_code == 0);
  CHECK(world.tokens.requests().empty());
  world.run(20, {"import", "a.tar", "--to-repo", world.at("team/imported")}, {"--registry-token", token});
}

TEST_CASE("a token server that refuses the credentials ends the command, and nothing is written") {
  if (lacks(kTokenPrograms)) return;
  const TokenWorld world({.user = kTokenUser});
  const Reference app = world.push_app(make_image());
  world.log_in(kTokenUser);
  world.run(0, {"export", "-i", to_string(app), "-o", "a.tar"});
  for (const std::string user : {"robot:wr0ng", "nobody:nothing"}) {
    world.log_in(user);
    const std::string said = world.run(20, {"import", "a.tar", "--to-repo", world.at("team/imported"), "--debug"});
    CHECK(said.find("team/imported") != std::string::npos);
    CHECK(said.find(user.substr(user.find(':') + 1)) == std::string::npos);
    world.run(20, {"export", "-i", to_string(app), "-o", "b.tar"});
    CHECK_FALSE(std::filesystem::exists(world.ociferry.home() / "b.tar"));
  }
  CHECK(world.front.count("PUT", "team/imported") == 0);
}

TEST_CASE("an identity token of config.json is exchanged for an access token, without a password") {
  if (lacks(kTokenPrograms)) return;
  const TokenWorld world({.user = kTokenUser, .refresh_token = "refresh+me"});
  const Reference app = world.push_app(make_image());
  world.ociferry.set_docker_config(R"({"auths": {")" + world.front.host() + R"(": {"identitytoken": "refresh+me"}}})");
  const std::string said = world.run(0, {"export", "-i", to_string(app), "-o", "a.tar", "--debug"});
  CHECK(said.find("refresh") == std::string::npos);
  REQUIRE_FALSE(world.tokens.requests().empty());
  for (const LoggedTokenRequest& request : world.tokens.requests()) CHECK(request.method == "POST");
}

TEST_CASE("a token server that grants less than asked makes a mount an upload") {
  if (lacks(kTokenPrograms)) return;
  const TokenWorld world({.user = kTokenUser, .scopes_granted = 1});
  const Reference app = world.push_app(make_image());
  world.log_in(kTokenUser);
  const std::string said = world.run(0, {"copy", "--tty", "-i", to_string(app), "--to-repo", world.at("team/copied")});
  CHECK(said.find("mounted") == std::string::npos);
  CHECK(said.find("wrote 2 blobs") != std::string::npos);
}

TEST_CASE("a token that expires during an upload is renewed, and the blob sent again") {
  if (lacks(kTokenPrograms)) return;
  std::atomic<RegistryServer*> behind = nullptr;
  std::atomic<int> late{0};
  // The proxy keeps the first upload back until the registry no longer takes the token that came with it.
  const auto intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (is_upload(request) && late++ == 0) {
      const std::string with = "Authorization: " + authorization(request);
      await("the token's end",
            [&] { return perform({.url = behind.load()->url() + "/v2/", .headers = {with}}).status == 401; });
    }
    return std::nullopt;
  };
  TokenWorld world({.user = kTokenUser, .lifetime = std::chrono::seconds{1}}, intercept);
  behind = &world.registry;
  world.log_in(kTokenUser);
  const std::string content = random_bytes(300'000, 5);
  write_text(world.ociferry.home() / "files/data", content);
  world.run(0, {"push", "-i", world.at("team/pushed:v1"), "-f", "files", "-j", "1"});
  CHECK(late > 1);
  CHECK(world.tokens.requests().size() > 1);
  world.run(0, {"pull", "-i", world.at("team/pushed:v1"), "-o", "pulled"});
  CHECK(read_text(world.ociferry.home() / "pulled/data") == content);
}

TEST_CASE("a storage server behind a redirect gets neither token nor password") {
  if (lacks({"docker-registry", "htpasswd", "openssl"})) return;
  const Image image = make_image({.layers = {{.size = 50'000, .seed = 1}}});
  HttpServer storage([&](const HttpRequest& request) -> HttpReply {
    const auto digest = Digest::try_parse(request.parameter("blob"));
    return digest ? HttpReply{.body = image.blobs.at(*digest)} : HttpReply{.status = 404};
  });
  const auto redirect = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    const auto at = request.path.find("/blobs/sha256:");
    if (request.method != "GET" || at == std::string::npos) return std::nullopt;
    return HttpReply{.status = 307,
                     .headers = {{"Location", storage.origin() + "/get?blob=" + request.path.substr(at + 7)}}};
  };
  const TokenWorld world({.user = kTokenUser}, redirect);
  const Reference app = world.push_app(image);
  world.log_in(kTokenUser);
  world.run(0, {"export", "-i", to_string(app), "-o", "a.tar"});
  world.run(0, {"verify", "a.tar"});
  CHECK(storage.requests().size() == image.blobs.size());
  for (const HttpRequest& request : storage.requests()) CHECK(authorization(request).empty());

  RegistryServer guarded({.user = kTokenUser});
  const FaultProxy front(guarded, redirect);
  push_image(guarded, "team/app", image, "v1");
  const std::size_t before = storage.requests().size();
  world.run(0, {"pull", "-i", front.host() + "/team/app:v1", "-o", "pulled"},
            {"--registry-username", "robot", "--registry-password", "s3cret"});
  CHECK(storage.requests().size() > before);
  for (const HttpRequest& request : storage.requests()) CHECK(authorization(request).empty());
}

namespace {

/// A bundle in the repository "dest" whose locations tag cannot be read: the front answers it with `status`, `times`
/// times.
struct Refusal {
  World world;
  std::atomic<int> status{0};
  std::atomic<int> times{1'000'000};
  Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  Reference bundle = world.push_bundle("bundles/one", {app});
  // The last member, so that it is gone before what its threads read.
  FaultProxy front{world.inside, [this](const HttpRequest& request) { return refuse(request); }};

  Refusal() { world.succeed({"copy", "-b", world.outside_ref("bundles/one"), "--to-repo", dest()}); }

  [[nodiscard]] std::string dest() const { return front.host() + "/dest"; }
  [[nodiscard]] std::string tag_path() const { return "/v2/dest/manifests/" + locations_tag(*bundle.digest); }
  [[nodiscard]] std::string app_path() const { return "/v2/dest/manifests/" + app.digest->text(); }
  [[nodiscard]] std::string pulled_lock() const { return read_text(world.path("pulled/.imgpkg/images.yml")); }

  std::optional<HttpReply> refuse(const HttpRequest& request) {
    if (status == 0 || request.path != tag_path() || times-- <= 0) return std::nullopt;
    return HttpReply{.status = status, .body = R"({"errors": [{"code": "DENIED", "message": "not for you"}]})"};
  }
};

}  // namespace

TEST_CASE(
    "a locations tag that answers 401 or 403 is ignored, with a warning: the bundle's repository is requested "
    "each image") {
  if (lacks({"docker-registry"})) return;
  Refusal refusal;
  const std::string bundle = refusal.dest() + ":v1";
  refusal.world.succeed({"pull", "-b", bundle, "-o", "pulled"});
  CHECK(refusal.front.count("HEAD", refusal.app_path()) == 0);
  for (const int status : {401, 403}) {
    refusal.status = status;
    const std::size_t before = refusal.front.count("HEAD", refusal.app_path());
    const Outcome outcome = refusal.world.ociferry.run({"pull", "-b", bundle, "-o", "pulled"});
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    // Not mistaken for absence without a word, as it may be a mistake of whoever gave the rights.
    CHECK(outcome.err.find("Warning: the locations image " + refusal.dest() + ":" +
                           locations_tag(*refusal.bundle.digest) + " may not be read and is ignored: ") !=
          std::string::npos);
    CHECK(refusal.front.count("HEAD", refusal.app_path()) == before + 1);
    CHECK(refusal.pulled_lock().find(refusal.dest() + "@" + refusal.app.digest->text()) != std::string::npos);

    const Outcome exported = refusal.world.ociferry.run({"export", "-b", bundle, "-o", "a.tar"});
    CHECK(exported.exit_code == 0);
    CHECK(exported.err.find("is ignored") != std::string::npos);
  }
}

TEST_CASE("a locations tag that answers 500 is requested again, and in the end it is an error") {
  if (lacks({"docker-registry"})) return;
  Refusal refusal;
  refusal.status = 500;
  const std::string bundle = refusal.dest() + ":v1";
  const auto asked = [&] { return refusal.front.count("GET", refusal.tag_path()); };
  std::size_t before = asked();
  const std::string error =
      refusal.world.fail(23, {"pull", "-b", bundle, "-o", "pulled", "--registry-retry-count", "2"});
  CHECK(asked() == before + 3);
  CHECK(error.find("after 3 attempts") != std::string::npos);
  CHECK(error.find(refusal.tag_path()) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(refusal.world.path("pulled")));
  refusal.world.fail(23, {"export", "-b", bundle, "-o", "a.tar", "--registry-retry-count", "0"});
  CHECK_FALSE(std::filesystem::exists(refusal.world.path("a.tar")));

  refusal.times = 1;
  before = asked();
  refusal.world.succeed({"pull", "-b", bundle, "-o", "pulled"});
  CHECK(asked() == before + 2);
}
