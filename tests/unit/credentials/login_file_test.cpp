#include "credentials/login_file.hpp"

#include <doctest/doctest.h>

#include "base/fd.hpp"
#include "credentials/docker_config.hpp"
#include "stream/base64.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using Format = LoginFile::Format;

namespace {

const Credential kAnn{.username = "ann", .password = "p:w"};

/// Helpers that remember what they are told.
struct RememberingHelpers {
  std::map<std::string, Credential> kept = {};  ///< by "helper server"
  HelperTools tools{
      .find = [this](const std::string& name, const std::string& server) -> std::optional<Credential> {
        const auto found = kept.find(name + " " + server);
        return found == kept.end() ? std::nullopt : std::optional(found->second);
      },
      .store = [this](const std::string& name, const std::string& server,
                      const Credential& credential) { kept[name + " " + server] = credential; },
      .erase = [this](const std::string& name, const std::string& server) { kept.erase(name + " " + server); }};
};

std::string after_login(const std::string& text, Format format, const char* target) {
  RememberingHelpers helpers;
  LoginText file(text, format, "config.json");
  CHECK(file.store(parse_login_target(target), kAnn, helpers.tools).empty());
  CHECK(helpers.kept.empty());
  return Json::parse(file.text(), "").dump();
}

std::string after_logout(const std::string& text, Format format, const char* target, bool known = true) {
  RememberingHelpers helpers;
  LoginText file(text, format, "config.json");
  CHECK(file.erase(parse_login_target(target), helpers.tools) == known);
  CHECK(file.is_changed() == known);
  return Json::parse(file.text(), "").dump();
}

}  // namespace

TEST_CASE("a login becomes an entry as Docker's or podman's, and the rest of the file stays in its order") {
  const std::string entry = R"({"auth":"YW5uOnA6dw=="})";
  CHECK(after_login("", Format::Docker, "reg:5000") == R"({"auths":{"reg:5000":)" + entry + "}}");
  CHECK(after_login(R"({"z":[1,null],"auths":{"other":{"auth":"eA=="}},"HttpHeaders":{"b":"1","a":"2"}})",
                    Format::Docker,
                    "https://Reg.example/v2/") == R"({"z":[1,null],"auths":{"other":{"auth":"eA=="},"reg.example":)" +
                                                      entry + R"(},"HttpHeaders":{"b":"1","a":"2"}})");
  CHECK(after_login("{}", Format::Docker, "docker.io") == R"({"auths":{"https://index.docker.io/v1/":)" + entry + "}}");
  CHECK(after_login("{}", Format::Containers, "docker.io") == R"({"auths":{"docker.io":)" + entry + "}}");
  CHECK(after_login("{}", Format::Containers, "docker.io/team") == R"({"auths":{"docker.io/team":)" + entry + "}}");
  CHECK(after_login("{}", Format::Docker, "reg.example/a/b") == R"({"auths":{"reg.example/a/b":)" + entry + "}}");
  // An older entry is replaced where it is, without its other secrets; so is one under another name of the registry.
  CHECK(after_login(R"({"auths":{"reg":{"auth":"eA==","email":"e","identitytoken":"t"},"a":{}}})", Format::Docker,
                    "reg") == R"({"auths":{"reg":{"email":"e","auth":"YW5uOnA6dw=="},"a":{}}})");
  CHECK(after_login(R"({"auths":{"https://reg/v1/":{"auth":"eA=="}}})", Format::Docker, "reg") ==
        R"({"auths":{"reg":)" + entry + "}}");
}

TEST_CASE("the file is indented with tabs") {
  LoginText file(R"({"auths":{},"a":"  b"})", Format::Docker, "config.json");
  CHECK_FALSE(file.is_changed());
  CHECK(file.text() == "{\n\t\"auths\": {},\n\t\"a\": \"  b\"\n}\n");
  RememberingHelpers helpers;
  file.store({"reg"}, kAnn, helpers.tools);
  CHECK(file.text().starts_with("{\n\t\"auths\": {\n\t\t\"reg\": {\n\t\t\t\"auth\": \""));
}

TEST_CASE("a password goes to the helper that the file names, and is removed from the file") {
  struct Row {
    const char* text;
    const char* target;
    const char* kept;   ///< "helper server"
    const char* after;  ///< empty: the password is in the file
  };
  for (const Row& row : {
           Row{R"({"credsStore":"all"})", "reg:5000", "all reg:5000",
               R"({"credsStore":"all","auths":{"reg:5000":{}}})"},
           Row{R"({"credsStore":"all"})", "docker.io", "all https://index.docker.io/v1/",
               R"({"credsStore":"all","auths":{"https://index.docker.io/v1/":{}}})"},
           Row{R"({"credsStore":"all","credHelpers":{"reg":"one"}})", "reg", "one reg",
               R"({"credsStore":"all","credHelpers":{"reg":"one"},"auths":{"reg":{}}})"},
           Row{R"({"auths":{"reg":{"auth":"eDp5"}},"credsStore":"all"})", "reg", "all reg",
               R"({"auths":{"reg":{}},"credsStore":"all"})"},
           Row{R"({"credHelpers":{"reg/team":"one"}})", "reg.example/team", nullptr, ""},
           Row{R"({"credHelpers":{"reg.example/team":"one"}})", "reg.example/team", "one reg.example/team",
               R"({"credHelpers":{"reg.example/team":"one"},"auths":{"reg.example/team":{}}})"},
           Row{R"({"credsStore":"all"})", "reg.example/team", nullptr, ""},
       }) {
    CAPTURE(row.text);
    CAPTURE(row.target);
    RememberingHelpers helpers;
    LoginText file(row.text, Format::Docker, "config.json");
    const LoginTarget target = parse_login_target(row.target);
    const std::string helper = file.store(target, kAnn, helpers.tools);
    if (row.kept == nullptr) {
      CHECK(helper.empty());
      CHECK(helpers.kept.empty());
      CHECK(file.text().find("YW5uOnA6dw==") != std::string::npos);
    } else {
      CHECK(std::string(row.kept).starts_with(helper + " "));
      CHECK(helpers.kept == std::map<std::string, Credential>{{row.kept, kAnn}});
      CHECK(Json::parse(file.text(), "").dump() == row.after);
    }
    // What was written is what is found.
    const auto config = DockerConfig::parse(file.text(), "config.json");
    const RepositoryName name{target.registry, target.path.empty() ? "app" : target.path + "/app"};
    CHECK(config.find(name, helpers.tools.find).credential == kAnn);
    CHECK(file.erase(target, helpers.tools));
    CHECK(helpers.kept.empty());
    CHECK_FALSE(DockerConfig::parse(file.text(), "config.json").find(name, helpers.tools.find).wins());
    CHECK_FALSE(file.erase(target, helpers.tools));
  }
}

TEST_CASE("a helper that fails leaves the file unchanged") {
  const HelperTools failing{.store = [](const std::string&, const std::string&, const Credential&) {
    throw Error(ErrorCode::Unauthorized, "locked");
  }};
  LoginText file(R"({"credsStore":"x"})", Format::Docker, "config.json");
  CHECK_THROWS_AS(file.store({"reg"}, kAnn, failing), Error);
  CHECK_FALSE(file.is_changed());
}

TEST_CASE("a logout removes all names of the registry, and nothing else") {
  CHECK(after_logout(R"({"auths":{"reg":{"auth":"x"},"https://reg/v1/":{},"reg/team":{"auth":"y"},"reg2":{}},"k":1})",
                     Format::Docker, "reg") == R"({"auths":{"reg/team":{"auth":"y"},"reg2":{}},"k":1})");
  for (const char* key : {"docker.io", "index.docker.io", "https://index.docker.io/v1/"}) {
    CHECK(after_logout(R"({"auths":{")" + std::string(key) + R"(":{"auth":"x"}}})", Format::Containers, "docker.io") ==
          R"({"auths":{}})");
  }
  CHECK(after_logout(R"({"auths":{"a.b":{}}})", Format::Docker, "a.b/xy", false) == R"({"auths":{"a.b":{}}})");
  CHECK(after_logout("", Format::Docker, "reg", false) == "{}");
}

TEST_CASE("unsuitable credentials and malformed files are refused without showing their content") {
  RememberingHelpers helpers;
  LoginText file("{}", Format::Docker, "config.json");
  CHECK(error_of([&] { file.store({"reg"}, {.username = "a:b", .password = "s"}, helpers.tools); }).code() ==
        ErrorCode::Usage);
  for (const char* text : {R"({"auths": s3cret)", "[1]", R"({"a":1,"a":2})"}) {
    const Error error = error_of([&] { LoginText(text, Format::Docker, "config.json"); });
    CHECK(error.code() == ErrorCode::Usage);
    CHECK(error.message().find("config.json") != std::string::npos);
    CHECK(error.message().find("s3cret") == std::string::npos);
  }
}

TEST_CASE("login accepts a host with or without a path") {
  const auto parsed = [](const char* text) {
    const LoginTarget target = parse_login_target(text);
    return target.registry + " " + target.path;
  };
  CHECK(parsed("reg.example:5000") == "reg.example:5000 ");
  CHECK(parsed("localhost") == "localhost ");
  CHECK(parsed("https://reg.example/v2/") == "reg.example ");
  CHECK(parsed("https://index.docker.io/v1/") == "index.docker.io ");
  CHECK(parsed("docker.io") == "index.docker.io ");
  CHECK(parsed("docker.io/team") == "index.docker.io team");
  CHECK(parsed("reg.example/team/app/") == "reg.example team/app");
  for (const char* text :
       {"", "/", "https://", "a b", "me:pw@reg", "reg.example/Team", "reg.example/a:v1", "team/app"}) {
    CAPTURE(text);
    CHECK(error_of([&] { static_cast<void>(parse_login_target(text)); }).code() == ErrorCode::Usage);
  }
}

TEST_CASE("login edits the file of the options, of the variables, Docker's, or podman's if only that exists") {
  const TempDirectory home{std::filesystem::temp_directory_path(), "ociferry-test"};
  const std::string root = home.path().string();
  const auto path = [](const Environment& environment, const char* auth_file = "", const char* docker_config = "") {
    const LoginFile file = login_file(environment, auth_file, docker_config);
    return file.path.string() + (file.format == Format::Docker ? " docker" : " containers");
  };
  const Environment plain{{"HOME", root}, {"XDG_RUNTIME_DIR", root + "/run"}};
  CHECK(path(plain) == root + "/.docker/config.json docker");
  std::filesystem::create_directories(root + "/run/containers");
  write_file_atomically(root + "/run/containers/auth.json", "{}", 0600);
  CHECK(path(plain) == root + "/run/containers/auth.json containers");
  std::filesystem::create_directories(root + "/.docker");
  write_file_atomically(root + "/.docker/config.json", "{}", 0600);
  CHECK(path(plain) == root + "/.docker/config.json docker");
  Environment named = plain;
  named["DOCKER_CONFIG"] = "/d";
  CHECK(path(named) == "/d/config.json docker");
  named["REGISTRY_AUTH_FILE"] = "/a.json";
  CHECK(path(named) == "/a.json containers");
  CHECK(path(named, "", "dir") == "dir/config.json docker");
  CHECK(path(named, "x.json") == "x.json containers");
  CHECK(path({{"XDG_RUNTIME_DIR", "/r"}}) == "/r/containers/auth.json containers");
  CHECK_THROWS_AS(static_cast<void>(login_file({}, {}, {})), Error);
}
