#include "credentials/imgpkg_environment.hpp"

#include "asked_name.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using testing::kAskedName;

TEST_CASE("IMGPKG_REGISTRY_HOSTNAME matches by host, port and path") {
  struct Row {
    std::string hostname;
    RepositoryName name;
    bool fits;
  };
  const std::vector<Row> rows{
      {"reg.example:5000", kAskedName, true},
      {"REG.example:5000", kAskedName, true},
      {"https://reg.example:5000", kAskedName, true},
      {"http://reg.example:5000/", kAskedName, true},
      {"https://reg.example:5000/v2/", kAskedName, true},
      {"https://user:pw@reg.example:5000/v1/", kAskedName, true},
      {"*.example:5000", kAskedName, true},
      {"r*g.ex*:5000", kAskedName, true},
      {"re?.example:5000", kAskedName, true},
      {"reg.example:5000/a/b", kAskedName, true},
      {"reg.example:5000/v1/a/b/c/", kAskedName, true},
      {"reg.example:5000/a/", kAskedName, true},
      {"reg.example:5000/a/b/c", kAskedName, true},
      {"reg.example:5000/v2/a/b", kAskedName, true},
      // A prefix of the text, unless it ends with a slash.
      {"reg.example:5000/a/b", {"reg.example:5000", "a/bb"}, true},
      {"reg.example:5000/a/b/", {"reg.example:5000", "a/bb"}, false},
      {"reg.example", kAskedName, false},
      {"reg.example:500", kAskedName, false},
      {"reg.example:443", {"reg.example", "x"}, false},
      {"*:5000", kAskedName, false},
      {"*", kAskedName, false},
      {"*.*", kAskedName, false},
      {"*.*", {"reg.example", "x"}, true},
      {"*.reg.example:5000", kAskedName, false},
      {"reg.example:5000/b", kAskedName, false},
      {"reg.example:5000/a/bb", kAskedName, false},
      {"reg.example:5000/a/b/c/d", kAskedName, false},
      {"reg.example:5000/a/*", kAskedName, false},
      {"docker.io", {"index.docker.io", "library/x"}, true},
      {"docker.io/v2/", {"index.docker.io", "library/x"}, true},
      {"index.docker.io/library", {"index.docker.io", "library/x"}, true},
      {"[::1]:5000", {"[::1]:5000", "x"}, true},
      {"[::1]", {"[::1]:5000", "x"}, false},
      {"localhost:5000", {"localhost:5000", "x"}, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.hostname);
    const Environment environment{{"IMGPKG_REGISTRY_HOSTNAME_1", row.hostname}, {"IMGPKG_REGISTRY_USERNAME_1", "u"}};
    CHECK(ImgpkgEnvironment(environment).find(row.name).wins() == row.fits);
  }
}

TEST_CASE("a longer path and a name without '*' win, for any suffix of the variables") {
  const ImgpkgEnvironment environment({{"IMGPKG_REGISTRY_HOSTNAME_Z", "reg.example:5000"},
                                       {"IMGPKG_REGISTRY_USERNAME_Z", "host"},
                                       {"IMGPKG_REGISTRY_HOSTNAME_A_B", "*.example:5000/a/b"},
                                       {"IMGPKG_REGISTRY_USERNAME_A_B", "glob"},
                                       {"IMGPKG_REGISTRY_HOSTNAME", "https://reg.example:5000/v2/a/b"},
                                       {"IMGPKG_REGISTRY_USERNAME", "path"},
                                       {"IMGPKG_REGISTRY_PASSWORD", "p"},
                                       {"IMGPKG_REGISTRY_AZURE_CR_CONFIG", "ignored"}});
  const Finding found = environment.find(kAskedName);
  CHECK(found.credential == Credential{"path", "p"});
  CHECK(found.detail == "user path (password not shown), from IMGPKG_REGISTRY_HOSTNAME=reg.example:5000/a/b");
  CHECK(environment.find({"reg.example:5000", "x/y"}).credential.username == "host");
  CHECK(environment.find({"other.example:5000", "a/b"}).credential.username == "glob");
}

TEST_CASE("all kinds of credentials can be given; a HOSTNAME with none of them means anonymous") {
  const auto find = [](const std::string& field) {
    return ImgpkgEnvironment(
               {{"IMGPKG_REGISTRY_HOSTNAME_0", kAskedName.registry}, {"IMGPKG_REGISTRY_" + field + "_0", "x"}})
        .find(kAskedName);
  };
  CHECK(find("USERNAME").credential == Credential{"x", ""});
  CHECK(find("PASSWORD").credential == Credential{"", "x"});
  CHECK(find("IDENTITY_TOKEN").credential == Credential{.identity_token = "x"});
  CHECK(find("REGISTRY_TOKEN").credential == Credential{.registry_token = "x"});
  const Finding nothing = ImgpkgEnvironment({{"IMGPKG_REGISTRY_HOSTNAME", kAskedName.registry}}).find(kAskedName);
  CHECK(nothing.wins());
  CHECK(nothing.credential.is_anonymous());
}

TEST_CASE("variables that are set and do not match are reported") {
  const Finding none = ImgpkgEnvironment({{"PATH", "/bin"}, {"IMGPKG_REGISTRY_PASSWORD", ""}}).find(kAskedName);
  CHECK(none.outcome == CredentialStep::Outcome::NotSet);
  const Finding other = ImgpkgEnvironment({{"IMGPKG_REGISTRY_HOSTNAME_0", "https://u:pw@other.example"},
                                           {"IMGPKG_REGISTRY_PASSWORD", "s3cret"}})
                            .find(kAskedName);
  CHECK(other.outcome == CredentialStep::Outcome::NoEntry);
  CHECK(other.detail == "HOSTNAME_0=other.example, HOSTNAME is missing");
}

TEST_CASE("an unknown IMGPKG_REGISTRY_ variable is an error that names it") {
  for (const char* name : {"IMGPKG_REGISTRY_USER", "IMGPKG_REGISTRY_HOSTNAMES", "IMGPKG_REGISTRY_",
                           "IMGPKG_REGISTRY_AZURE_CR_CONFIG_0", "IMGPKG_REGISTRY_hostname"}) {
    CAPTURE(name);
    const Error error = error_of([&] { ImgpkgEnvironment(Environment{{name, "s3cret"}}); });
    CHECK(error.code() == ErrorCode::Usage);
    CHECK(error.message().ends_with(name));
  }
}
