#include "credentials/docker_config.hpp"

#include "asked_name.hpp"
#include "stream/base64.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using testing::kAskedName;

namespace {

std::string auth(const std::string& user) { return R"({"auth":")" + base64_encoded(user + ":pass") + "\"}"; }

const RepositoryName kHub{"index.docker.io", "library/x"};

/// A helper that knows everybody, and what it was asked.
struct Helper {
  std::vector<std::string> asked = {};
  std::string ignorant = {};  ///< the name of one that knows nobody

  HelperRunner runner() {
    return [this](const std::string& name, const std::string& server) -> std::optional<Credential> {
      asked.push_back(name + " " + server);
      if (name == ignorant) return std::nullopt;
      return Credential{"helper " + name, "p"};
    };
  }
};

std::string user_of(const std::string& config, const RepositoryName& name, Helper* helper = nullptr) {
  Helper none;
  const Finding found = DockerConfig::parse(config, "config.json").find(name, (helper ? *helper : none).runner());
  if (helper == nullptr) CHECK(none.asked.empty());
  return found.wins() ? found.credential.username : "(none)";
}

std::string one(const std::string& key) { return R"({"auths":{")" + key + "\":" + auth("me") + "}}"; }

}  // namespace

TEST_CASE("the most specific entry of auths wins") {
  const std::string all = R"({"auths":{"reg.example:5000":)" + auth("host") + R"(,"reg.example:5000/a":)" + auth("a") +
                          R"(,"reg.example:5000/a/b/c":)" + auth("abc") + "}}";
  CHECK(user_of(all, kAskedName) == "abc");
  CHECK(user_of(all, {"reg.example:5000", "a/b/d"}) == "a");
  CHECK(user_of(all, {"reg.example:5000", "ab/c"}) == "host");
  CHECK(user_of(all, {"reg.example", "a/b/c"}) == "(none)");
}

TEST_CASE("a key is a registry, a path in it, or a URL; else an entry for another path of the registry is used") {
  struct Row {
    std::string key;
    RepositoryName name;
    bool fits;
  };
  const std::vector<Row> rows{
      {"reg.example:5000", kAskedName, true},
      {"reg.example:5000/a/b", kAskedName, true},
      {"https://reg.example:5000/v1/", kAskedName, true},
      {"https://reg.example:5000", kAskedName, true},
      {"http://reg.example:5000/v2/", kAskedName, true},
      {"https://reg.example:5000/any/thing", kAskedName, true},
      {"reg.example:5000/v2/", kAskedName, true},
      {"REG.example:5000/", kAskedName, true},
      {"reg.example:5000/other", kAskedName, true},
      {"reg.example", kAskedName, false},
      {"https://reg.example/v1/", kAskedName, false},
      {"https://evil/reg.example:5000", kAskedName, false},
      {"example:5000", kAskedName, false},
      {"https://index.docker.io/v1/", kHub, true},
      {"index.docker.io", kHub, true},
      {"docker.io", kHub, true},
      {"registry-1.docker.io", kHub, true},
      {"docker.io/library", kHub, true},
      {"hub.docker.com", kHub, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.key);
    CHECK((user_of(one(row.key), row.name) == "me") == row.fits);
  }
  const std::string both = R"({"auths":{"reg.example:5000/other":)" + auth("other") +
                           R"(,"https://reg.example:5000/v1/":)" + auth("url") + "}}";
  CHECK(user_of(both, kAskedName) == "url");
}

TEST_CASE("for Docker Hub the longest path wins, under any of its names") {
  const std::string all =
      R"({"auths":{"https://index.docker.io/v1/":)" + auth("url") + R"(,"docker.io/library":)" + auth("library") + "}}";
  CHECK(user_of(all, kHub) == "library");
  CHECK(user_of(all, {"index.docker.io", "team/x"}) == "url");
}

TEST_CASE("an entry is user and password, plain or in base64, or a token; an empty one is ignored") {
  const auto entry = [](const std::string& text) {
    return DockerConfig::parse(R"({"auths":{"reg.example:5000":)" + text + "}}", "config.json")
        .find(kAskedName, Helper().runner())
        .credential;
  };
  const auto encoded = [&](const std::string& plain) { return entry(R"({"auth":")" + base64_encoded(plain) + "\"}"); };
  CHECK(entry(R"({"username":"u","password":"p"})") == Credential{"u", "p"});
  CHECK(encoded("u:p") == Credential{"u", "p"});
  CHECK(encoded("u:p:q") == Credential{"u", "p:q"});
  CHECK(encoded("u:") == Credential{"u", ""});
  CHECK(encoded(std::string("u:p\0\0", 5)) == Credential{"u", "p"});
  CHECK(entry("{\"auth\":\"dTpw\\n\"}") == Credential{"u", "p"});
  CHECK(entry(R"({"identitytoken":"t"})").identity_token == "t");
  CHECK(entry(R"({"auth":")" + base64_encoded("00000000:") + R"(","identitytoken":"t"})") ==
        Credential{"00000000", "", "t"});
  CHECK(entry(R"({"registrytoken":"t"})").registry_token == "t");
  for (const char* nothing : {"{}", R"({"auth":""})", "null", "3", R"({"email":"x@example"})"}) {
    CAPTURE(nothing);
    CHECK(entry(nothing).is_anonymous());
  }
  for (const char* broken : {R"({"auth":"???"})", R"({"auth":"bm9jb2xvbg=="})"}) {
    CAPTURE(broken);
    const Error error = error_of([&] { static_cast<void>(entry(broken)); });
    CHECK(error.code() == ErrorCode::Usage);
    CHECK(error.message() == "config.json: the 'auth' entry of 'reg.example:5000' is not base64 of USER:PASSWORD");
  }
}

TEST_CASE("credHelpers go before auths of the same path, longer paths before both, credsStore last") {
  struct Row {
    std::string what;
    std::string config;
    RepositoryName name;
    std::string user;
    std::vector<std::string> asked;
  };
  const std::string host = R"("reg.example:5000")";
  const std::vector<Row> rows{
      {"helper of the registry",
       R"({"credHelpers":{)" + host + R"(:"own"},"auths":{)" + host + ":" + auth("me") + "}}",
       kAskedName,
       "helper own",
       {"own reg.example:5000"}},
      {"a path's entry",
       R"({"credHelpers":{)" + host + R"(:"own"},"auths":{"reg.example:5000/a":)" + auth("me") + "}}",
       kAskedName,
       "me",
       {}},
      {"a path's helper",
       R"({"credHelpers":{"reg.example:5000/a/b/c":"own"},"auths":{)" + host + ":" + auth("me") + "}}",
       kAskedName,
       "helper own",
       {"own reg.example:5000/a/b/c"}},
      {"a helper that knows nothing",
       R"({"credHelpers":{)" + host + R"(:"none"},"credsStore":"all","auths":{)" + host + ":" + auth("me") + "}}",
       kAskedName,
       "me",
       {"none reg.example:5000"}},
      {"store behind an empty entry",
       R"({"credsStore":"all","auths":{)" + host + ":{}}}",
       kAskedName,
       "helper all",
       {"all reg.example:5000"}},
      {"store behind an entry",
       R"({"credsStore":"all","auths":{)" + host + ":" + auth("me") + "}}",
       kAskedName,
       "me",
       {}},
      {"Docker Hub's store", R"({"credsStore":"all"})", kHub, "helper all", {"all https://index.docker.io/v1/"}},
      {"Docker Hub's helper",
       R"({"credHelpers":{"https://index.docker.io/v1/":"hub"}})",
       kHub,
       "helper hub",
       {"hub https://index.docker.io/v1/"}},
      {"Docker Hub's helper by another name",
       R"({"credHelpers":{"docker.io":"hub"}})",
       kHub,
       "helper hub",
       {"hub docker.io"}},
      {"a store that knows nothing", R"({"credsStore":"none"})", kAskedName, "(none)", {"none reg.example:5000"}},
      {"no helper for others", R"({"credHelpers":{)" + host + R"(:"own"}})", kHub, "(none)", {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Helper helper{.ignorant = "none"};
    CHECK(user_of(row.config, row.name, &helper) == row.user);
    CHECK(helper.asked == row.asked);
  }
}

TEST_CASE("a result names its place, and an empty one the helpers that were asked") {
  Helper helper{.ignorant = "none"};
  const auto detail = [&](const std::string& config) {
    return DockerConfig::parse(config, "config.json").find(kAskedName, helper.runner()).detail;
  };
  CHECK(detail(one("reg.example:5000/a")) == "user me (password not shown), from 'reg.example:5000/a'");
  CHECK(detail(R"({"credsStore":"all"})") ==
        "user helper all (password not shown), from docker-credential-all for 'reg.example:5000'");
  CHECK(detail(R"({"credHelpers":{"reg.example:5000":"none"},"credsStore":"none"})") ==
        "docker-credential-none for 'reg.example:5000', which knows none; "
        "docker-credential-none for 'reg.example:5000', which knows none");
  CHECK(detail("{}").empty());
}

TEST_CASE("the old ~/.dockercfg is a map of auths") {
  const auto config =
      DockerConfig::parse_dockercfg(R"({"https://reg.example:5000/v1/":)" + auth("me") + "}", ".dockercfg");
  CHECK(config.find(kAskedName, Helper().runner()).credential.username == "me");
  CHECK(error_of([] { static_cast<void>(DockerConfig::parse_dockercfg("[]", ".dockercfg")); }).message() ==
        ".dockercfg: not a JSON object");
}

TEST_CASE("a malformed configuration is an error, and an empty one is not") {
  for (const char* broken : {"{\"auths\":{\"x\":{\"auth\":\"topsecret", "[]", "\"topsecret\"", "topsecret"}) {
    CAPTURE(broken);
    const Error error = error_of([&] { static_cast<void>(user_of(broken, kAskedName)); });
    CHECK(error.code() == ErrorCode::Usage);
    CHECK(error.message().starts_with("config.json: not "));
  }
  for (const char* empty : {"", " \n", "{}", R"({"auths":[],"credHelpers":3})", R"({"auths":null})"}) {
    CAPTURE(empty);
    CHECK(user_of(empty, kAskedName) == "(none)");
  }
}
