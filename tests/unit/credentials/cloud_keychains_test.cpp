#include "credentials/cloud_keychains.hpp"

#include <set>

#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using Outcome = CredentialStep::Outcome;

namespace {

/// The helpers that are installed, and what they were asked.
struct Installed {
  std::set<std::string> names = {};
  std::vector<std::string> asked = {};

  HelperRunner runner() {
    return [this](const std::string& name, const std::string& server) -> std::optional<Credential> {
      if (!names.contains(name)) throw helper_missing("docker-credential-" + name);
      asked.push_back(name + " " + server);
      return Credential{name, "p"};
    };
  }
};

Environment active(const std::string& list) { return {{"IMGPKG_ACTIVE_KEYCHAINS", list}}; }

/// What the only active keychain gives.
Finding find(const Environment& environment, const std::string& registry, const HelperRunner& helpers) {
  const auto keychains = active_keychains(environment);
  REQUIRE(keychains.size() == 1);
  return find_in_keychain(keychains.front(), environment, {registry, "team/app"}, helpers);
}

std::vector<std::string> names(const Environment& environment) {
  std::vector<std::string> found;
  for (const ActiveKeychain& one : active_keychains(environment)) {
    found.push_back(std::string(one.keychain->name) + (one.named ? "!" : ""));
  }
  return found;
}

}  // namespace

TEST_CASE("keychains are enabled by name, or all at once") {
  using Names = std::vector<std::string>;
  CHECK(names({}).empty());
  CHECK(names(active("")).empty());
  CHECK(names(active("ecr")) == Names{"ecr!"});
  CHECK(names(active(" gke, github ,ecr,gke")) == Names{"gke!", "github!", "ecr!"});
  CHECK(names({{"IMGPKG_ENABLE_IAAS_AUTH", "True"}}) == Names{"gke", "aks", "ecr"});
  CHECK(names({{"IMGPKG_ENABLE_IAAS_AUTH", "false"}}).empty());
  CHECK(names({{"IMGPKG_ENABLE_IAAS_AUTH", "true"}, {"IMGPKG_ACTIVE_KEYCHAINS", "aks"}}) ==
        Names{"aks!", "gke", "ecr"});
  const Error error = error_of([] { static_cast<void>(active_keychains(active("gke,gcr"))); });
  CHECK(error.code() == ErrorCode::Usage);
  CHECK(error.message() == "Unable to load keychain for gcr, available keychains [aks, ecr, gke, github]");
}

TEST_CASE("a keychain is asked for the registries of its cloud only") {
  struct Row {
    std::string registry;
    std::string keychain;  ///< the one that is asked, if any
  };
  const std::vector<Row> rows{
      {"gcr.io", "gke"},
      {"eu.gcr.io", "gke"},
      {"europe-west1-docker.pkg.dev", "gke"},
      {"evilgcr.io", ""},
      {"gcr.io.evil.example", ""},
      {"a.b.gcr.io", ""},
      {"gcr.io:443", ""},
      {"pkg.dev", ""},
      {"123456789012.dkr.ecr.eu-west-1.amazonaws.com", "ecr"},
      {"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "ecr"},
      {"123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "ecr"},
      {"123456789012.dkr-ecr.eu-west-1.on.aws", "ecr"},
      {"public.ecr.aws", "ecr"},
      {"s3.amazonaws.com", ""},
      {"123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example", ""},
      {"mine.azurecr.io", "aks"},
      {"mine.azurecr.cn", "aks"},
      {"mine.azurecr.us", "aks"},
      {"azurecr.io", ""},
      {"mcr.microsoft.com", ""},
      {"ghcr.io", "github"},
      {"GHCR.io", "github"},
      {"github.com", ""},
      {"reg.example:5000", ""},
      {"index.docker.io", ""},
  };
  for (const Row& row : rows) {
    for (const char* keychain : {"gke", "aks", "ecr", "github"}) {
      CAPTURE(row.registry);
      CAPTURE(keychain);
      Environment environment = active(keychain);
      environment["GITHUB_TOKEN"] = "gh";
      Installed helpers{.names = {"gcloud", "acr-env", "ecr-login"}};
      const Finding found = find(environment, row.registry, helpers.runner());
      CHECK(found.wins() == (std::string(keychain) == row.keychain));
      CHECK(helpers.asked.empty() == (!found.wins() || std::string(keychain) == "github"));
      if (!found.wins()) CHECK(found.outcome == Outcome::NoEntry);
    }
  }
}

TEST_CASE("Google's second helper is used if the first is not installed") {
  for (const auto& [installed, asked] : std::vector<std::pair<std::set<std::string>, std::string>>{
           {{"gcloud", "gcr"}, "gcloud gcr.io"}, {{"gcr"}, "gcr gcr.io"}}) {
    Installed helpers{.names = installed};
    CHECK(find(active("gke"), "gcr.io", helpers.runner()).wins());
    CHECK(helpers.asked == std::vector<std::string>{asked});
  }
}

TEST_CASE("a missing helper is an error that says what to install, if the keychain was named") {
  const auto missing = [](const char* keychain, const char* registry) {
    return error_of([&] { static_cast<void>(find(active(keychain), registry, Installed().runner())); });
  };
  const Error gke = missing("gke", "gcr.io");
  CHECK(gke.code() == ErrorCode::Unauthorized);
  CHECK(gke.message().find("docker-credential-gcloud or docker-credential-gcr") != std::string::npos);
  CHECK(gke.hint_text().find("install the Google Cloud CLI") != std::string::npos);
  CHECK(missing("ecr", "public.ecr.aws").message().find("docker-credential-ecr-login") != std::string::npos);
  CHECK(missing("aks", "x.azurecr.io").message().find("docker-credential-acr-env") != std::string::npos);

  const auto blanket = active_keychains({{"IMGPKG_ENABLE_IAAS_AUTH", "true"}});
  const Finding passed = find_in_keychain(blanket.front(), {}, {"gcr.io", "x"}, Installed().runner());
  CHECK(passed.outcome == Outcome::Skipped);
  CHECK(passed.detail.find("docker-credential-gcr") != std::string::npos);
}

TEST_CASE("a helper that fails is an error if its keychain was named, and skipped otherwise") {
  const HelperRunner broken = [](const std::string&, const std::string&) -> std::optional<Credential> {
    throw Error(ErrorCode::Unauthorized, "not logged in");
  };
  CHECK(error_of([&] { static_cast<void>(find(active("ecr"), "public.ecr.aws", broken)); }).message() ==
        "not logged in");
  const auto blanket = active_keychains({{"IMGPKG_ENABLE_IAAS_AUTH", "true"}});
  CHECK(find_in_keychain(blanket.back(), {}, {"public.ecr.aws", "x"}, broken).detail == "not logged in");
}

TEST_CASE("a helper without an entry leaves the search to the next source") {
  const HelperRunner ignorant = [](const std::string&, const std::string&) { return std::nullopt; };
  CHECK(find(active("ecr"), "public.ecr.aws", ignorant).outcome == Outcome::NoEntry);
}

TEST_CASE("GITHUB_TOKEN is used for GitHub's registry, as a password of any user") {
  Environment environment = active("github");
  CHECK(find(environment, "ghcr.io", {}).outcome == Outcome::Skipped);
  environment["GITHUB_TOKEN"] = "gh";
  CHECK(find(environment, "ghcr.io", {}).credential == Credential{"unset", "gh"});
}
