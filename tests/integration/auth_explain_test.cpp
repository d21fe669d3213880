#include <doctest/doctest.h>

#include <cstdlib>

#include "oci/json.hpp"
#include "stream/base64.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// What `auth explain` says; it needs no registry.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kFiles[] = {".docker/config.json", "run/containers/auth.json", ".config/containers/auth.json",
                              ".dockercfg"};

/// The program, with credential helpers that are scripts.
struct ExplainDesk {
  Ociferry ociferry{OCIFERRY_BINARY};

  void add_helper(const std::string& name, const std::string& script) const {
    const auto path = ociferry.home() / "bin" / ("docker-credential-" + name);
    write_text(path, "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  [[nodiscard]] Outcome explain(const std::string& reference, Variables variables = {}, const Words& flags = {}) const {
    const std::string home = ociferry.home().string();
    variables.emplace("PATH", home + "/bin:" + std::getenv("PATH"));
    variables.emplace("XDG_RUNTIME_DIR", home + "/run");
    Words words{"auth", "explain", reference};
    words.insert(words.end(), flags.begin(), flags.end());
    Outcome outcome = ociferry.run(words, variables);
    CHECK(outcome.out.find("s3cret") == std::string::npos);
    CHECK(outcome.err.find("s3cret") == std::string::npos);
    return outcome;
  }
  /// What it says about one of kFiles, or about each of them.
  [[nodiscard]] std::string files(const std::vector<std::string>& outcomes) const {
    std::string text;
    for (std::size_t i = 0; i < std::size(kFiles); ++i) {
      text += "  " + (ociferry.home() / kFiles[i]).string() + ": " + outcomes[i] + "\n";
    }
    return text;
  }
};

const std::string kAbsent = "not set: there is no such file";

}  // namespace

TEST_CASE("auth explain lists every place in its order, and the one that wins") {
  const ExplainDesk desk;
  desk.ociferry.set_docker_config(R"({"auths": {"reg.example/team": {"auth": ")" + base64_encoded("me:s3cret") +
                                  "\"}}}");
  CHECK(desk.explain("reg.example/team/app:v1").out ==
        "reg.example/team/app: requests use the password of user me\n"
        "  OCIFERRY_REGISTRY_* and IMGPKG_REGISTRY_* variables: not set\n"
        "  cloud keychains (OCIFERRY_ACTIVE_KEYCHAINS, IMGPKG_ACTIVE_KEYCHAINS): not set\n"
        "  --registry-username, OCIFERRY_USERNAME, IMGPKG_USERNAME: not set\n"
        "  --registry-token, OCIFERRY_TOKEN, IMGPKG_TOKEN: not set\n"
        "  --registry-anon, OCIFERRY_ANON, IMGPKG_ANON: not set\n" +
            desk.files({"wins: user me (password not shown), from 'reg.example/team'", "not asked", "not asked",
                        "not asked"}));
  CHECK(desk.explain("nginx", {{"IMGPKG_REGISTRY_HOSTNAME_0", "*.example"}, {"IMGPKG_PASSWORD", "s3cret"}}).out ==
        "index.docker.io/library/nginx: requests are anonymous\n"
        "  OCIFERRY_REGISTRY_* and IMGPKG_REGISTRY_* variables: no entry: HOSTNAME_0=*.example\n"
        "  cloud keychains (OCIFERRY_ACTIVE_KEYCHAINS, IMGPKG_ACTIVE_KEYCHAINS): not set\n"
        "  --registry-username, OCIFERRY_USERNAME, IMGPKG_USERNAME: skipped: IMGPKG_PASSWORD is set, but no user name "
        "is\n"
        "  --registry-token, OCIFERRY_TOKEN, IMGPKG_TOKEN: not set\n"
        "  --registry-anon, OCIFERRY_ANON, IMGPKG_ANON: not set\n" +
            desk.files({"no entry", kAbsent, kAbsent, kAbsent}) +
            "  IMGPKG_PASSWORD: skipped: it has no effect: there is no user name to it\n");
}

TEST_CASE("OCIFERRY_ variables count like those of imgpkg, but not if the program is called imgpkg") {
  const ExplainDesk desk;
  const Variables ours{{"OCIFERRY_USERNAME", "ann"}, {"OCIFERRY_PASSWORD", "s3cret"}};
  CHECK(desk.explain("reg.example/app", ours).out.find("requests use the password of user ann") != std::string::npos);
  const std::filesystem::path link = desk.ociferry.home() / "imgpkg";
  std::filesystem::create_symlink(OCIFERRY_BINARY, link);
  const Outcome as_imgpkg = Ociferry(link.string()).run({"auth", "explain", "reg.example/app"}, ours);
  CHECK(as_imgpkg.out.find("requests are anonymous") != std::string::npos);
}

TEST_CASE("auth explain asks helpers, and shows only the user's name") {
  const ExplainDesk desk;
  desk.add_helper("some", R"(read -r server; [ "$server" = reg.example ] || { echo credentials not found; exit 1; }
echo '{"Username": "me", "Secret": "s3cret"}')");
  desk.ociferry.set_docker_config(R"({"credsStore": "some"})");
  CHECK(desk.explain("reg.example/app")
            .out.find("config.json: wins: user me (password not shown), from docker-credential-some for "
                      "'reg.example'\n") != std::string::npos);
  CHECK(desk.explain("other.example/app")
            .out.find("config.json: no entry: docker-credential-some for 'other.example', which knows none\n") !=
        std::string::npos);
}

TEST_CASE("a keychain is asked through its helper for the registries of its cloud, before the options") {
  const ExplainDesk desk;
  desk.add_helper("gcloud", R"(echo '{"Username": "oauth2accesstoken", "Secret": "s3cret"}')");
  const Words login{"--registry-username", "me", "--registry-password", "s3cret"};
  const Variables active{{"IMGPKG_ACTIVE_KEYCHAINS", "gke,ecr,github"}, {"GITHUB_TOKEN", "s3cret"}};
  const std::string google = desk.explain("europe-docker.pkg.dev/project/app", active, login).out;
  CHECK(google.find("keychain gke (IMGPKG_ACTIVE_KEYCHAINS): wins: user oauth2accesstoken (password not shown), from "
                    "docker-credential-gcloud") != std::string::npos);
  const std::string github = desk.explain("ghcr.io/team/app", active, login).out;
  CHECK(github.find("keychain gke (IMGPKG_ACTIVE_KEYCHAINS): no entry") != std::string::npos);
  CHECK(github.find("keychain github (IMGPKG_ACTIVE_KEYCHAINS): wins: user unset") != std::string::npos);
  CHECK(desk.explain("reg.example/app", active, login).out.find("wins: user me") != std::string::npos);

  const Outcome amazon = desk.explain("1234.dkr.ecr.eu-west-1.amazonaws.com/app", active, login);
  CHECK(amazon.exit_code == 20);
  CHECK(amazon.out.find("keychain ecr (IMGPKG_ACTIVE_KEYCHAINS): failed") != std::string::npos);
  CHECK(amazon.err.find("hint: install amazon-ecr-credential-helper") != std::string::npos);
  const std::string anything =
      desk.explain("1234.dkr.ecr.eu-west-1.amazonaws.com/app", {{"IMGPKG_ENABLE_IAAS_AUTH", "true"}}, login).out;
  CHECK(anything.find("keychain ecr (IMGPKG_ENABLE_IAAS_AUTH): skipped: none of its helpers is installed") !=
        std::string::npos);
  CHECK(anything.find("wins: user me") != std::string::npos);
  CHECK(desk.explain("reg.example/app", {{"IMGPKG_ACTIVE_KEYCHAINS", "gcp"}})
            .err.find("Unable to load keychain for gcp, available keychains [aks, ecr, gke, github]") !=
        std::string::npos);
}

TEST_CASE("auth explain lists the sources before a broken one, then fails as every command does") {
  const ExplainDesk desk;
  desk.add_helper("junk", "echo '{\"Username\": s3cret'");
  desk.ociferry.set_docker_config(R"({"credHelpers": {"reg.example": "junk"}})");
  const Outcome outcome = desk.explain("reg.example/app");
  CHECK(outcome.exit_code == 20);
  const std::string what = "docker-credential-junk answered with something that is not JSON";
  CHECK(outcome.out.find("config.json: failed: " + what + "\n") != std::string::npos);
  CHECK(outcome.out.find(".dockercfg: not asked\n") != std::string::npos);
  CHECK(outcome.err.find("Error: " + what) != std::string::npos);
  CHECK(outcome.err.find("looking for credentials for reg.example/app in ") != std::string::npos);
}

TEST_CASE("auth explain --json says the same") {
  const ExplainDesk desk;
  const Outcome outcome = desk.explain("reg.example/app",
                                       {{"IMGPKG_REGISTRY_HOSTNAME", "reg.example"},
                                        {"IMGPKG_REGISTRY_USERNAME", "me"},
                                        {"IMGPKG_REGISTRY_IDENTITY_TOKEN", "s3cret"}},
                                       {"--json"});
  const Json report = Json::parse(outcome.out, "report");
  CHECK(report.string_at("registry") == "reg.example");
  CHECK(report.string_at("repository") == "app");
  CHECK(report.string_at("credentials") == "identity token");
  CHECK(report.string_at("username") == "me");
  const Json* const sources = report.find("sources");
  REQUIRE(sources != nullptr);
  REQUIRE(sources->as_array() != nullptr);
  CHECK(sources->as_array()->size() == 5 + std::size(kFiles));
  const Json& first = sources->as_array()->front();
  CHECK(first.string_at("source") == "OCIFERRY_REGISTRY_* and IMGPKG_REGISTRY_* variables");
  CHECK(first.string_at("outcome") == "wins");
  CHECK(first.string_at("detail") == "user me, identity token (not shown), from IMGPKG_REGISTRY_HOSTNAME=reg.example");
}
