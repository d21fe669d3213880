#include "credentials/credentials.hpp"

#include <sys/resource.h>

#include "asked_name.hpp"
#include "base/fd.hpp"
#include "credentials/credential_files.hpp"
#include "stream/base64.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using testing::kAskedName;

namespace {

std::optional<Credential> no_helper(const std::string& name, const std::string&) {
  FAIL("no helper was to be run, not even ", name);
  return std::nullopt;
}

std::string auths(const std::string& key, const std::string& user) {
  return R"({"auths":{")" + key + R"(":{"auth":")" + base64_encoded(user + ":s3cret") + "\"}}}";
}

struct Home {
  TempDirectory directory{std::filesystem::temp_directory_path(), "ociferry-test"};
  void write(const std::string& path, const std::string& content) const {
    const auto file = directory.path() / path;
    std::filesystem::create_directories(file.parent_path());
    write_file_atomically(file, content, 0600);
  }
  [[nodiscard]] std::string path(const std::string& below = "") const { return (directory.path() / below).string(); }
};

/// "outcome: detail" of the step whose source has `part` in its name.
std::string step(const CredentialReport& report, const std::string& part) {
  for (const CredentialStep& one : report.steps) {
    if (one.source.find(part) != std::string::npos) return std::string(to_string(one.outcome)) + ": " + one.detail;
  }
  return "(no such step)";
}

}  // namespace

TEST_CASE("sources are asked in their order, and the first that has credentials wins") {
  const Home home;
  const std::string host = kAskedName.registry;
  home.write(".dockercfg", R"({")" + host + R"(":{"auth":")" + base64_encoded("dockercfg:s") + "\"}}");
  Environment environment{{"HOME", home.path()}, {"XDG_RUNTIME_DIR", home.path("run")}};
  RegistryOptions options;
  const auto user = [&] { return Credentials(options, environment, {no_helper}).find(kAskedName).username; };
  const auto now = [&](const std::string& expected) { CHECK(user() == expected); };

  now("dockercfg");
  home.write(".config/containers/auth.json", auths(host, "config"));
  now("config");
  home.write("xdg/containers/auth.json", auths(host, "xdg"));
  environment["XDG_CONFIG_HOME"] = home.path("xdg");
  now("xdg");
  home.write("run/containers/auth.json", auths(host, "run"));
  now("run");
  home.write("auth.json", auths(host, "auth file"));
  environment["REGISTRY_AUTH_FILE"] = home.path("auth.json");
  now("auth file");
  environment["DOCKER_AUTH_CONFIG"] = auths(host, "content");
  now("content");
  home.write(".docker/config.json", auths(host, "docker"));
  now("docker");
  home.write("elsewhere/config.json", auths(host, "elsewhere"));
  environment["DOCKER_CONFIG"] = home.path("elsewhere");
  now("elsewhere");
  environment["IMGPKG_ANON"] = "true";
  now("");
  environment["IMGPKG_USERNAME"] = "variable";
  now("variable");
  options.username = "option";
  now("option");
  environment["IMGPKG_REGISTRY_HOSTNAME"] = host;
  environment["IMGPKG_REGISTRY_USERNAME"] = "registry variable";
  now("registry variable");
  options.find_credential = [](const RepositoryName& name) { return Credential{.username = "of " + to_string(name)}; };
  now("of " + to_string(kAskedName));
}

TEST_CASE("a program's own source can give credentials, demand anonymity, defer to the others, or fail") {
  std::optional<Credential> answer = Credential{.registry_token = "t0k3n"};
  RegistryOptions options{.find_credential = [&](const RepositoryName&) { return answer; }, .username = "option"};
  const auto report = [&] { return Credentials(options, {}, {no_helper}).explain(kAskedName); };

  CHECK(Credentials(options, {}, {no_helper}).find(kAskedName) == *answer);
  CHECK(step(report(), "the calling program") == "wins: registry token (not shown), from the calling program");
  answer = Credential{};
  CHECK(report().kind == CredentialReport::Kind::Anonymous);
  CHECK(step(report(), "the calling program") == "wins: anonymous, from the calling program");
  answer.reset();
  CHECK(step(report(), "the calling program") == "no entry: ");
  CHECK(report().username == "option");
  options.find_credential = [](const RepositoryName&) -> std::optional<Credential> {
    throw Error(ErrorCode::Network, "the vault is sealed");
  };
  CHECK(report().failure->message() == "the vault is sealed");
  CHECK_THROWS_AS(static_cast<void>(Credentials(options, {}, {no_helper}).find(kAskedName)), Error);
}

TEST_CASE("IMGPKG_REGISTRY_ variables come before keychains, and keychains before options") {
  Environment environment{{"IMGPKG_ACTIVE_KEYCHAINS", "github"}, {"GITHUB_TOKEN", "gh"}};
  const RepositoryName name{"ghcr.io", "team/app"};
  const auto find = [&] { return Credentials({.username = "option"}, environment, {no_helper}).find(name); };
  CHECK(find() == Credential{"unset", "gh"});
  environment["IMGPKG_REGISTRY_HOSTNAME"] = "ghcr.io";
  environment["IMGPKG_REGISTRY_USERNAME"] = "me";
  CHECK(find().username == "me");
}

TEST_CASE("user and password come before the token, the token before anonymous; incomplete ones count as in imgpkg") {
  struct Row {
    RegistryOptions options;
    Environment environment;
    Credential expected;
  };
  const std::vector<Row> rows{
      {{.username = "u", .password = "p"}, {}, {"u", "p"}},
      {{.username = "u"}, {{"IMGPKG_PASSWORD", "p"}}, {"u", "p"}},
      {{.username = "u", .password = "p"}, {{"IMGPKG_USERNAME", "x"}, {"IMGPKG_PASSWORD", "x"}}, {"u", "p"}},
      {{.username = "u", .token = "t"}, {{"IMGPKG_TOKEN", "x"}}, {"u", ""}},
      {{.token = "t"}, {{"IMGPKG_TOKEN", "x"}}, {.registry_token = "t"}},
      {{.token = "t", .anonymous = true}, {}, {.registry_token = "t"}},
      {{}, {{"IMGPKG_TOKEN", "t"}, {"IMGPKG_ANON", "true"}}, {.registry_token = "t"}},
      {{.password = "p"}, {{"IMGPKG_TOKEN", "t"}}, {.registry_token = "t"}},
      {{},
       {{"IMGPKG_PASSWORD", "p"}, {"DOCKER_AUTH_CONFIG", auths(kAskedName.registry, "docker")}},
       {"docker", "s3cret"}},
      {{},
       {{"IMGPKG_ANON", "yes"}, {"DOCKER_AUTH_CONFIG", auths(kAskedName.registry, "docker")}},
       {"docker", "s3cret"}},
      {{.anonymous = true}, {{"DOCKER_AUTH_CONFIG", auths(kAskedName.registry, "docker")}}, {}},
      {{}, {}, {}},
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    CHECK(Credentials(rows[i].options, rows[i].environment, {no_helper}).find(kAskedName) == rows[i].expected);
  }
}

TEST_CASE("files are searched in this order: Docker's, containers/image's, .dockercfg") {
  using Paths = std::vector<std::string>;
  const auto paths = [](const Environment& environment) {
    Paths found;
    for (const CredentialFile& file : credential_files(environment, 1000)) {
      found.push_back(file.variable.empty() ? file.path.string() : "$" + file.variable);
    }
    return found;
  };
  CHECK(paths({}) == Paths{"/run/containers/1000/auth.json"});
  CHECK(paths({{"HOME", "/h"}}) == Paths{"/h/.docker/config.json", "/run/containers/1000/auth.json",
                                         "/h/.config/containers/auth.json", "/h/.dockercfg"});
  CHECK(paths({{"HOME", "/h"},
               {"DOCKER_CONFIG", "/d"},
               {"DOCKER_AUTH_CONFIG", "{}"},
               {"REGISTRY_AUTH_FILE", "/r.json"},
               {"XDG_RUNTIME_DIR", "/x"},
               {"XDG_CONFIG_HOME", "/c"}}) == Paths{"/d/config.json", "$DOCKER_AUTH_CONFIG", "/r.json",
                                                    "/x/containers/auth.json", "/c/containers/auth.json",
                                                    "/h/.dockercfg"});
}

TEST_CASE("a file without an entry is skipped, and so are absent and impossible files") {
  const Home home;
  home.write("docker/config.json", auths("other.example", "docker"));
  std::filesystem::create_directories(home.path("run/containers/auth.json"));
  home.write("xdg/containers/auth.json", auths(kAskedName.registry, "xdg"));
  const Environment environment{{"DOCKER_CONFIG", home.path("docker")},
                                {"REGISTRY_AUTH_FILE", home.path("docker/config.json/below-a-file")},
                                {"XDG_RUNTIME_DIR", home.path("run")},
                                {"XDG_CONFIG_HOME", home.path("xdg")}};
  Credentials credentials({}, environment, {no_helper});
  CHECK(credentials.find(kAskedName).username == "xdg");
  const CredentialReport report = credentials.explain(kAskedName);
  CHECK(step(report, "docker/config.json") == "no entry: ");
  CHECK(step(report, "below-a-file") == "not set: there is no such file");
  CHECK(step(report, "run/containers") == "skipped: it is a directory");
}

TEST_CASE("a malformed file is an error that names it and shows nothing of its content") {
  for (const char* broken : {"{\"auths\":{\"x\":{\"auth\":\"topsecret", "[]", "topsecret",
                             R"({"auths":{"reg.example:5000":{"auth":"topsecret"}}})"}) {
    CAPTURE(broken);
    const Home home;
    home.write("config.json", broken);
    Credentials credentials({}, {{"DOCKER_CONFIG", home.path()}}, {no_helper});
    const Error error = error_of([&] { static_cast<void>(credentials.find(kAskedName)); });
    CHECK(error.code() == ErrorCode::Usage);
    CHECK(error.message().find(home.path("config.json")) != std::string::npos);
    CHECK(error.message().find("topsecret") == std::string::npos);
    REQUIRE_FALSE(error.context().empty());
    CHECK(error.context().front() ==
          "looking for credentials for reg.example:5000/a/b/c in " + home.path("config.json"));
    CHECK_FALSE(error.hint_text().empty());
    // An earlier source makes it unimportant.
    CHECK(Credentials({.anonymous = true}, {{"DOCKER_CONFIG", home.path()}}, {no_helper})
              .find(kAskedName)
              .is_anonymous());
  }
}

TEST_CASE("a failing helper ends the search, and one without an entry does not") {
  const Home home;
  home.write("config.json", R"({"credsStore":"store"})");
  home.write("auth.json", auths(kAskedName.registry, "later"));
  const Environment environment{{"DOCKER_CONFIG", home.path()}, {"REGISTRY_AUTH_FILE", home.path("auth.json")}};
  const HelperRunner broken = [](const std::string&, const std::string&) -> std::optional<Credential> {
    throw Error(ErrorCode::Unauthorized, "the helper is broken");
  };
  const HelperRunner ignorant = [](const std::string&, const std::string&) { return std::nullopt; };
  CHECK(Credentials({}, environment, {ignorant}).find(kAskedName).username == "later");
  Credentials credentials({}, environment, {broken});
  CHECK(error_of([&] { static_cast<void>(credentials.find(kAskedName)); }).code() == ErrorCode::Unauthorized);
  const CredentialReport report = credentials.explain(kAskedName);
  CHECK(step(report, "config.json") == "failed: the helper is broken");
  CHECK(step(report, "auth.json") == "not asked: ");
  REQUIRE(report.failure.has_value());
  CHECK(report.failure->code() == ErrorCode::Unauthorized);
}

TEST_CASE("the report lists every source in order with its outcome, and no secret") {
  const Home home;
  home.write("config.json", R"({"credHelpers":{"reg.example:5000":"x"},"auths":{"reg.example:5000/a":{"auth":")" +
                                base64_encoded("me:s3cret") + "\"}}}");
  const Environment environment{{"DOCKER_CONFIG", home.path()},
                                {"XDG_RUNTIME_DIR", home.path("run")},
                                {"IMGPKG_REGISTRY_HOSTNAME_1", "https://who:s3cret@other.example/v2/x"},
                                {"IMGPKG_REGISTRY_PASSWORD_1", "s3cret"},
                                {"IMGPKG_REGISTRY_TOKEN_IS_NO_VARIABLE", ""},
                                {"IMGPKG_PASSWORD", "s3cret"}};
  CHECK(error_of([&] { Credentials({}, environment, {no_helper}); }).code() == ErrorCode::Usage);
  Environment right = environment;
  right.erase("IMGPKG_REGISTRY_TOKEN_IS_NO_VARIABLE");
  Credentials credentials({}, right, {no_helper});
  const CredentialReport report = credentials.explain(kAskedName);
  std::string all;
  for (const CredentialStep& one : report.steps) {
    all += one.source + ": " + std::string(to_string(one.outcome)) + ": " + one.detail + "\n";
  }
  const std::string config = home.path("config.json");
  CHECK(
      all ==
      "OCIFERRY_REGISTRY_* and IMGPKG_REGISTRY_* variables: no entry: HOSTNAME_1=other.example/x\n"
      "cloud keychains (OCIFERRY_ACTIVE_KEYCHAINS, IMGPKG_ACTIVE_KEYCHAINS): not set: \n"
      "--registry-username, OCIFERRY_USERNAME, IMGPKG_USERNAME: skipped: IMGPKG_PASSWORD is set, but no user name is\n"
      "--registry-token, OCIFERRY_TOKEN, IMGPKG_TOKEN: not set: \n"
      "--registry-anon, OCIFERRY_ANON, IMGPKG_ANON: not set: \n" +
          config + ": wins: user me (password not shown), from 'reg.example:5000/a'\n" +
          home.path("run/containers/auth.json") +
          ": not asked: \n"
          "IMGPKG_PASSWORD: skipped: it has no effect: there is no user name to it\n");
  CHECK(report.kind == CredentialReport::Kind::Password);
  CHECK(report.username == "me");
  CHECK(all.find("s3cret") == std::string::npos);
  // One way to the answer: what is explained is what is found.
  CHECK(credentials.find(kAskedName) == Credential{"me", "s3cret"});
}

TEST_CASE("passwords, tokens and anonymity are distinguished") {
  using Kind = CredentialReport::Kind;
  const auto kind = [](const Environment& environment) {
    return Credentials({}, environment).explain(kAskedName).kind;
  };
  const std::pair<std::string, std::string> host{"IMGPKG_REGISTRY_HOSTNAME", kAskedName.registry};
  CHECK(kind({}) == Kind::Anonymous);
  CHECK(kind({host}) == Kind::Anonymous);
  CHECK(kind({host, {"IMGPKG_REGISTRY_USERNAME", "u"}}) == Kind::Password);
  CHECK(kind({host, {"IMGPKG_REGISTRY_USERNAME", "u"}, {"IMGPKG_REGISTRY_IDENTITY_TOKEN", "t"}}) ==
        Kind::IdentityToken);
  CHECK(kind({host, {"IMGPKG_REGISTRY_REGISTRY_TOKEN", "t"}}) == Kind::RegistryToken);
}

TEST_CASE("a token with characters that no header may have is refused") {
  for (const char* token : {"q\nz", "q\r\nX: y", "q z", "q\x7f"}) {
    CAPTURE(token);
    const Error error = error_of([&] { static_cast<void>(Credentials({.token = token}, {}).find(kAskedName)); });
    CHECK(error.code() == ErrorCode::Usage);
    CHECK(error.message().find(token) == std::string::npos);
  }
}

TEST_CASE("core dumps are disabled while credentials are held") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_CORE, &before) == 0);
  static_cast<void>(Credentials({.username = "u"}, {}).find(kAskedName));
  rlimit after{};
  REQUIRE(::getrlimit(RLIMIT_CORE, &after) == 0);
  CHECK(after.rlim_cur == 0);
  CHECK(after.rlim_max == before.rlim_max);
}
