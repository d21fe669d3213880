#include "registry/credentials.hpp"

#include <doctest/doctest.h>

#include "base/fd.hpp"
#include "registry/base64.hpp"
#include "rig.hpp"

using namespace ociferry;
using testing::error_of;

namespace {

std::optional<Credential> no_helper(const std::string&, const std::string&) {
  FAIL("no helper was to be run");
  return std::nullopt;
}

std::optional<Credential> find(const std::string& config, const RepositoryName& name, HelperRunner helper = no_helper) {
  return DockerConfig::parse(config, "config.json").find(name, helper);
}

std::string user_of(const std::optional<Credential>& credential) {
  return credential ? credential->username : "(none)";
}

std::string auth(const std::string& user) { return R"({"auth":")" + base64_encoded(user + ":pass") + "\"}"; }

struct Home {
  TempDirectory directory{std::filesystem::temp_directory_path(), "ociferry-test"};
  void write(const std::string& path, const std::string& content) const {
    const auto file = directory.path() / path;
    std::filesystem::create_directories(file.parent_path());
    write_file_atomically(file, content, 0600);
  }
  [[nodiscard]] std::string path(const std::string& below = "") const { return (directory.path() / below).string(); }
};

const RepositoryName kName{"reg.example:5000", "a/b/c"};

}  // namespace

TEST_CASE("the most specific entry of auths wins") {
  const std::string all = R"({"auths":{"reg.example:5000":)" + auth("host") + R"(,"reg.example:5000/a":)" + auth("a") +
                          R"(,"reg.example:5000/a/b/c":)" + auth("abc") + "}}";
  CHECK(user_of(find(all, kName)) == "abc");
  CHECK(user_of(find(all, {"reg.example:5000", "a/b/d"})) == "a");
  CHECK(user_of(find(all, {"reg.example:5000", "ab/c"})) == "host");
  CHECK(user_of(find(all, {"reg.example", "a/b/c"})) == "(none)");
}

TEST_CASE("legacy keys are URLs of the same host") {
  for (const char* key : {"https://reg.example:5000/v1/", "https://reg.example:5000", "http://reg.example:5000/v2/",
                          "reg.example:5000/v2/", "REG.example:5000/"}) {
    CAPTURE(key);
    CHECK(user_of(find(R"({"auths":{")" + std::string(key) + "\":" + auth("me") + "}}", kName)) == "me");
  }
  for (const char* key : {"https://reg.example/v1/", "reg.example:5000/other", "https://evil/reg.example:5000"}) {
    CAPTURE(key);
    CHECK(user_of(find(R"({"auths":{")" + std::string(key) + "\":" + auth("me") + "}}", kName)) == "(none)");
  }
}

TEST_CASE("Docker Hub goes by several names") {
  for (const char* key : {"https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"}) {
    CAPTURE(key);
    CHECK(user_of(find(R"({"auths":{")" + std::string(key) + "\":" + auth("me") + "}}",
                       {"index.docker.io", "library/x"})) == "me");
  }
}

TEST_CASE("an entry is user and password in clear or base64, or a token; an empty one is none") {
  const auto entry = [](const std::string& text) {
    return find(R"({"auths":{"reg.example:5000":)" + text + "}}", kName);
  };
  CHECK(entry(R"({"username":"u","password":"p"})") == Credential{"u", "p"});
  CHECK(entry(R"({"auth":")" + base64_encoded("u:p:q") + "\"}") == Credential{"u", "p:q"});
  CHECK(entry(R"({"auth":")" + base64_encoded(std::string("u:p\0\0", 5)) + "\"}") == Credential{"u", "p"});
  CHECK(entry(R"({"identitytoken":"t"})")->identity_token == "t");
  CHECK(entry(R"({"registrytoken":"t"})")->registry_token == "t");
  CHECK_FALSE(entry("{}").has_value());
  CHECK_FALSE(entry(R"({"auth":""})").has_value());
  CHECK(error_of([&] { entry(R"({"auth":"???"})"); }).code() == ErrorCode::Usage);
  CHECK(error_of([&] { entry(R"({"auth":"bm9jb2xvbg=="})"); }).code() == ErrorCode::Usage);
}

TEST_CASE("a helper for the registry comes before auths, the general store after") {
  std::string asked;
  const HelperRunner helper = [&](const std::string& name, const std::string& server) {
    asked = name + " " + server;
    return std::optional(Credential{"helped", "p"});
  };
  const std::string own =
      R"({"credHelpers":{"reg.example:5000":"own"},"credsStore":"all","auths":{"reg.example:5000":)" + auth("me") +
      "}}";
  CHECK(user_of(find(own, kName, helper)) == "helped");
  CHECK(asked == "own reg.example:5000");
  CHECK(user_of(find(own, {"index.docker.io", "library/x"}, helper)) == "helped");
  CHECK(asked == "all https://index.docker.io/v1/");
  const std::string store = R"({"credsStore":"all","auths":{"reg.example:5000":)" + auth("me") + "}}";
  CHECK(user_of(find(store, kName, no_helper)) == "me");
  CHECK(user_of(find(R"({"credsStore":"all","auths":{"reg.example:5000":{}}})", kName, helper)) == "helped");
}

TEST_CASE("a broken configuration is an error that shows nothing of it") {
  for (const char* broken : {"{\"auths\":{\"x\":{\"auth\":\"topsecret", "[]", "\"topsecret\"", "topsecret"}) {
    CAPTURE(broken);
    const Error error = error_of([&] { find(broken, kName); });
    CHECK(error.code() == ErrorCode::Usage);
    CHECK(error.message().find("config.json") != std::string::npos);
    CHECK(error.message().find("topsecret") == std::string::npos);
  }
  CHECK_FALSE(find("", kName).has_value());
  CHECK_FALSE(find("{}", kName).has_value());
  CHECK_FALSE(find(R"({"auths":[],"credHelpers":3})", kName).has_value());
}

TEST_CASE("IMGPKG_REGISTRY_ variables fit by host, port and path") {
  const auto fits = [](const std::string& hostname, const RepositoryName& name) {
    const Environment environment{{"IMGPKG_REGISTRY_HOSTNAME_1", hostname}, {"IMGPKG_REGISTRY_USERNAME_1", "u"}};
    return ImgpkgEnvironment(environment).find(name).has_value();
  };
  CHECK(fits("reg.example:5000", kName));
  CHECK(fits("https://reg.example:5000/v2/", kName));
  CHECK(fits("*.example:5000", kName));
  CHECK(fits("r*g.ex*:5000", kName));
  CHECK(fits("reg.example:5000/a/b", kName));
  CHECK(fits("reg.example:5000/v1/a/b/c/", kName));
  CHECK_FALSE(fits("reg.example", kName));
  CHECK_FALSE(fits("reg.example:500", kName));
  CHECK_FALSE(fits("*:5000", kName));
  CHECK_FALSE(fits("*.reg.example:5000", kName));
  CHECK_FALSE(fits("reg.example:5000/a/bb", kName));
  CHECK_FALSE(fits("reg.example:5000/a/b/c/d", kName));
}

TEST_CASE("the longest path wins, whatever the suffixes are called") {
  const ImgpkgEnvironment environment({{"IMGPKG_REGISTRY_HOSTNAME_Z", "reg.example:5000"},
                                       {"IMGPKG_REGISTRY_USERNAME_Z", "host"},
                                       {"IMGPKG_REGISTRY_HOSTNAME", "reg.example:5000/a/b"},
                                       {"IMGPKG_REGISTRY_USERNAME", "path"},
                                       {"IMGPKG_REGISTRY_PASSWORD", "p"},
                                       {"IMGPKG_REGISTRY_AZURE_CR_CONFIG", "ignored"}});
  CHECK(environment.find(kName) == Credential{"path", "p"});
  CHECK(environment.find({"reg.example:5000", "x/y"})->username == "host");
}

TEST_CASE("an unknown IMGPKG_REGISTRY_ variable is a mistake that is named") {
  for (const char* name : {"IMGPKG_REGISTRY_USER", "IMGPKG_REGISTRY_HOSTNAMES", "IMGPKG_REGISTRY_"}) {
    CAPTURE(name);
    const Error error = error_of([&] { ImgpkgEnvironment(Environment{{name, "x"}}); });
    CHECK(error.code() == ErrorCode::Usage);
    CHECK(error.message().find(name) != std::string::npos);
  }
}

TEST_CASE("sources are asked in their order") {
  const Home home;
  home.write("docker/config.json", R"({"auths":{"reg.example:5000":)" + auth("docker") + "}}");
  home.write("auth.json", R"({"auths":{"reg.example:5000":)" + auth("file") + R"(,"other":)" + auth("file") + "}}");
  home.write("run/containers/auth.json", R"({"auths":{"third":)" + auth("run") + "}}");
  Environment environment{{"DOCKER_CONFIG", home.path("docker")},
                          {"REGISTRY_AUTH_FILE", home.path("auth.json")},
                          {"XDG_RUNTIME_DIR", home.path("run")}};
  const auto user = [&](const RegistryOptions& options, const RepositoryName& name) {
    return Credentials(options, environment, no_helper).find(name).username;
  };
  CHECK(user({}, kName) == "docker");
  CHECK(user({}, {"other", "x/y"}) == "file");
  CHECK(user({}, {"third", "x/y"}) == "run");
  CHECK(user({}, {"fourth", "x/y"}).empty());
  CHECK(user({.anonymous = true}, kName).empty());
  CHECK(user({.username = "option"}, kName) == "option");
  environment["IMGPKG_USERNAME"] = "variable";
  CHECK(user({}, kName) == "variable");
  CHECK(user({.username = "option"}, kName) == "option");
  environment["IMGPKG_REGISTRY_HOSTNAME"] = "reg.example:5000";
  environment["IMGPKG_REGISTRY_USERNAME"] = "registry variable";
  CHECK(user({.username = "option"}, kName) == "registry variable");
  CHECK(user({.username = "option"}, {"other", "x/y"}) == "option");
}

TEST_CASE("$HOME/.docker is used unless DOCKER_CONFIG says otherwise; tokens and IMGPKG_ANON count") {
  const Home home;
  home.write(".docker/config.json", R"({"auths":{"reg.example:5000":)" + auth("home") + "}}");
  const auto credential = [&](Environment more, const RegistryOptions& options = {}) {
    more.emplace("HOME", home.path());
    return Credentials(options, more, no_helper).find(kName);
  };
  CHECK(credential({}).username == "home");
  CHECK(credential({{"DOCKER_CONFIG", home.path("nowhere")}}).is_anonymous());
  CHECK(credential({{"IMGPKG_ANON", "true"}}).is_anonymous());
  CHECK(credential({{"IMGPKG_ANON", "yes"}}).username == "home");
  CHECK(credential({{"IMGPKG_TOKEN", "t"}}).registry_token == "t");
  CHECK(credential({{"IMGPKG_TOKEN", "t"}}, {.username = "u"}) == Credential{"u", ""});
}
