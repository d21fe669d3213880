#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"
#include "ociferry/ferry.hpp"
#include "quirks.hpp"
#include "stage.hpp"
#include "stream/base64.hpp"
#include "support/process.hpp"

// Azure Container Registry: the cloud gives a refresh token, which `az acr login` keeps as an identity token in
// Docker's configuration, or shows, to be given as the password of a user that is no name.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kRefreshToken = "eyJ.refresh+token/of=the.cloud";

/// A registry of that kind, and the main job by way of it.
struct Acr {
  TokenServer tokens{
      {.user = text::cat(quirks::kAcrUser, ":", kRefreshToken), .refresh_token = kRefreshToken, .reuses_tokens = true}};
  RegistryServer registry{{.token = tokens.realm()}};
  FaultProxy proxy{registry};
  TempDirectory directory = temp_directory();

  Acr() {
    proxy.serve_tokens(tokens);
    // What the storage server, the proxy's second address, gives blobs with.
    registry.use_token(tokens.mint({"repository:pushed:pull", "repository:imported:pull", "repository:copied:pull"}));
    proxy.use(quirks::acr());
    write_text(path("in/.imgpkg/images.yml"), "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\n");
    write_text(path("in/data"), random_bytes(20'000, 1));
  }

  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return directory.path() / name; }
  [[nodiscard]] SourceArgument bundle(const std::string& repository) const {
    return {SourceArgument::Kind::Bundle, text::cat(proxy.host(), "/", repository, ":v1")};
  }
  [[nodiscard]] RelocateOptions to(const std::string& repository) const { return {.to = {proxy.host(), repository}}; }

  void run_all_commands(const Context& context) const {
    push({.target = Reference::parse(bundle("pushed").value), .files = {path("in")}}, context);
    static_cast<void>(export_archive({.sources = {bundle("pushed")}, .archive = path("a.tar")}, context));
    static_cast<void>(import_archive({.archives = {path("a.tar")}, .relocate = to("imported")}, context));
    static_cast<void>(copy({.source = bundle("imported"), .relocate = to("copied")}, context));
    pull({.source = bundle("copied"), .output = path("out")}, context);
    CHECK(read_text(path("out/data")) == read_text(path("in/data")));
  }
  /// How many requests for tokens were made with `method`, all of which were granted.
  [[nodiscard]] std::ptrdiff_t granted(const std::string& method) const {
    const auto all = tokens.requests();
    CHECK(std::ranges::all_of(all, [](const LoggedTokenRequest& one) { return one.status == 200; }));
    return std::ranges::count(all, method, &LoggedTokenRequest::method);
  }
  [[nodiscard]] bool sends_to_storage() const {
    const auto all = proxy.transcript();
    return std::ranges::any_of(all, [](const Exchange& one) { return one.listener == 2 && one.status == 200; });
  }
};

/// Docker's configuration, for as long as it lives.
class DockerConfig {
 public:
  explicit DockerConfig(const std::string& content) {
    write_text(directory_.path() / "config.json", content);
    ::setenv("DOCKER_CONFIG", directory_.path().c_str(), 1);
  }
  DockerConfig(const DockerConfig&) = delete;
  DockerConfig& operator=(const DockerConfig&) = delete;
  ~DockerConfig() { ::unsetenv("DOCKER_CONFIG"); }

 private:
  TempDirectory directory_ = temp_directory();
};

}  // namespace

TEST_CASE("ACR: an identity token stored for the null user is exchanged for access tokens") {
  if (lacks({"docker-registry", "openssl"})) return;
  const Acr acr;
  const DockerConfig config(text::cat(R"({"auths": {")", acr.proxy.host(), R"(": {"auth": ")",
                                      base64_encoded(text::cat(quirks::kAcrUser, ":")), R"(", "identitytoken": ")",
                                      kRefreshToken, R"("}}})"));
  acr.run_all_commands({.registry = quick_options()});
  CHECK(acr.granted("POST") > 0);
  CHECK(acr.granted("GET") == 0);
  CHECK(acr.sends_to_storage());
}

TEST_CASE("ACR: a refresh token is accepted as the null user's password") {
  if (lacks({"docker-registry", "openssl"})) return;
  const Acr acr;
  Context context{.registry = quick_options()};
  context.registry.username = quirks::kAcrUser;
  context.registry.password = kRefreshToken;
  acr.run_all_commands(context);
  CHECK(acr.granted("GET") > 0);
  CHECK(acr.granted("POST") == 0);
}
