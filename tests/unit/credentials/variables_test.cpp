#include "credentials/variables.hpp"

#include <doctest/doctest.h>

#include "credentials/credentials.hpp"
#include "credentials/imgpkg_environment.hpp"

using namespace ociferry;

namespace {

/// "NAME: why" for each variable without effect.
std::vector<std::string> ineffective(const Environment& environment, const RegistryOptions& options = {}) {
  std::vector<std::string> lines;
  for (const auto& all : {ImgpkgEnvironment(environment).ineffective(), ineffective_variables(options, environment)}) {
    for (const IneffectiveVariable& one : all) {
      lines.push_back(one.name + ": " + one.why);
      CHECK(lines.back().find("s3cret") == std::string::npos);
    }
  }
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a variable that has no effect is reported, with why") {
  CHECK(ineffective({{"IMGPKG_REGISTRY_USERNAME", "ann"}, {"IMGPKG_REGISTRY_PASSWORD_0", "s3cret"}}) ==
        Lines{"IMGPKG_REGISTRY_USERNAME: IMGPKG_REGISTRY_HOSTNAME is not set",
              "IMGPKG_REGISTRY_PASSWORD_0: IMGPKG_REGISTRY_HOSTNAME_0 is not set"});
  CHECK(ineffective({{"IMGPKG_REGISTRY_REGISTRY_TOKEN_x", "s3cret"}}) ==
        Lines{"IMGPKG_REGISTRY_REGISTRY_TOKEN_x: IMGPKG_REGISTRY_HOSTNAME_x is not set"});
  CHECK(ineffective({{"IMGPKG_PASSWORD", "s3cret"}}) == Lines{"IMGPKG_PASSWORD: there is no user name to it"});
  CHECK(ineffective({{"IMGPKG_PASSWORD", "s3cret"}, {"IMGPKG_USERNAME", "ann"}}).empty());
  CHECK(ineffective({{"IMGPKG_PASSWORD", "s3cret"}}, {.username = "ann"}).empty());
  CHECK(ineffective({{"IMGPKG_TOKEN", "s3cret"}, {"IMGPKG_USERNAME", "ann"}}) ==
        Lines{"IMGPKG_TOKEN: IMGPKG_USERNAME comes first"});
  CHECK(ineffective({{"IMGPKG_ANON", "yes"}}) == Lines{"IMGPKG_ANON: only 'true' counts"});
  CHECK(ineffective({{"IMGPKG_ANON", "false"}}).empty());
  CHECK(ineffective({{"IMGPKG_ANON", "true"}, {"OCIFERRY_TOKEN", "s3cret"}}) ==
        Lines{"IMGPKG_ANON: OCIFERRY_TOKEN comes first"});
  CHECK(ineffective({{"IMGPKG_ANON", "true"}}, {.username = "ann"}).empty());
  CHECK(
      ineffective({{"IMGPKG_USERNAME", ""}, {"IMGPKG_ANON", "true"}, {"IMGPKG_TOKENS", "x"}, {"OTHER", "x"}}).empty());
}

TEST_CASE("OCIFERRY_ variables come before those of imgpkg; where they differ, it is reported") {
  const Environment both{{"OCIFERRY_USERNAME", "ann"}, {"IMGPKG_USERNAME", "bob"}, {"IMGPKG_PASSWORD", "s3cret"}};
  CHECK(find_variable(both, "USERNAME")->name == "OCIFERRY_USERNAME");
  CHECK(find_variable(both, "USERNAME")->value == "ann");
  CHECK(find_variable(both, "PASSWORD")->name == "IMGPKG_PASSWORD");
  CHECK_FALSE(find_variable(both, "TOKEN").has_value());
  CHECK(ineffective(both) == Lines{"IMGPKG_USERNAME: OCIFERRY_USERNAME differs, and comes first"});
  CHECK(ineffective({{"OCIFERRY_USERNAME", "ann"}, {"IMGPKG_USERNAME", "ann"}, {"OCIFERRY_PASSWORD", "x"}}).empty());
  CHECK(find_variable({{"OCIFERRY_ANON", ""}, {"IMGPKG_ANON", "true"}}, "ANON")->name == "IMGPKG_ANON");
  CHECK(known_variables({.as_imgpkg = true}, both).size() == 2);
  CHECK(known_variables({}, both) == both);
}

TEST_CASE("a registry's variables all have one prefix, and OCIFERRY_ comes before IMGPKG_") {
  const RepositoryName app{"reg.example", "app"};
  const Environment mixed{{"IMGPKG_REGISTRY_HOSTNAME_0", "reg.example"}, {"OCIFERRY_REGISTRY_PASSWORD_0", "s3cret"}};
  CHECK(ImgpkgEnvironment(mixed).find(app).credential == Credential());
  CHECK(ineffective(mixed) == Lines{"OCIFERRY_REGISTRY_PASSWORD_0: OCIFERRY_REGISTRY_HOSTNAME_0 is not set"});
  Environment both{{"IMGPKG_REGISTRY_HOSTNAME_0", "https://reg.example"},
                   {"IMGPKG_REGISTRY_REGISTRY_TOKEN_0", "b"},
                   {"OCIFERRY_REGISTRY_HOSTNAME", "reg.example"},
                   {"OCIFERRY_REGISTRY_REGISTRY_TOKEN", "a"}};
  CHECK(ImgpkgEnvironment(both).find(app).credential.registry_token == "a");
  CHECK(ineffective(both) ==
        Lines{"IMGPKG_REGISTRY_HOSTNAME_0: OCIFERRY_REGISTRY_HOSTNAME is for the same registry, and comes first"});
  both["IMGPKG_REGISTRY_REGISTRY_TOKEN_0"] = both["OCIFERRY_REGISTRY_REGISTRY_TOKEN"];
  CHECK(ineffective(both).empty());
  CHECK_THROWS_AS(ImgpkgEnvironment(Environment{{"OCIFERRY_REGISTRY_USER", "ann"}}), Error);
}

TEST_CASE("variables without effect are warnings when credentials are needed, but not as imgpkg") {
  for (const bool as_imgpkg : {false, true}) {
    struct Heard : Progress {
      std::vector<std::string> lines = {};
      void warn(std::string_view line) override { lines.emplace_back(line); }
    } heard;
    const Environment environment{{"IMGPKG_PASSWORD", "s3cret"}, {"OCIFERRY_USERNAME", as_imgpkg ? "ann" : ""}};
    Credentials credentials({.as_imgpkg = as_imgpkg}, environment, {.progress = &heard});
    CHECK((credentials.explain({"reg", "app"}).steps.back().source == "IMGPKG_PASSWORD") == !as_imgpkg);
    CHECK(heard.lines.empty());
    for (const char* name : {"app", "other"}) CHECK(credentials.find({"reg", name}).is_anonymous());
    CHECK(heard.lines == (as_imgpkg ? Lines{} : Lines{"IMGPKG_PASSWORD has no effect: there is no user name to it"}));
  }
}
