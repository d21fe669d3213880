#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "guarded_world.hpp"
#include "stream/base64.hpp"
#include "support/fault_proxy.hpp"
#include "support/temp.hpp"
#include "support/token_server.hpp"

// Who may do what: credentials from everywhere they can come from, TLS, bearer tokens, and places that refuse us.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::string password_of(const std::string& user) { return user.substr(user.find(':') + 1); }
std::string name_of(const std::string& user) { return user.substr(0, user.find(':')); }

std::string both_auths(const World& world) {
  return auths({{world.outside.host(), kRobot}, {world.inside.host(), kClerk}});
}

/// Runs a command with --debug, which must succeed and must tell no password.
Outcome run_discreetly(const World& world, Words arguments, const Words& flags, const Variables& variables) {
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  arguments.emplace_back("--debug");
  Outcome outcome = world.ociferry.run(arguments, variables);
  INFO("standard output: " << outcome.out << "\nstandard error: " << outcome.err);
  for (const std::string& user : {kRobot, kClerk}) {
    for (const std::string& secret : {password_of(user), base64_encoded(user)}) {
      CHECK(outcome.out.find(secret) == std::string::npos);
      CHECK(outcome.err.find(secret) == std::string::npos);
    }
  }
  CHECK(outcome.err.find("debug: ") != std::string::npos);
  return outcome;
}

/// Push, export, import, copy, describe, list tags and pull between two registries that want to know who asks.
void go_everywhere(World& world, const Words& flags, const Variables& variables = {}) {
  const Reference app = push_image(world.outside, "team/app", make_image(), "v1");
  world.write_bundle("bundle", {app});
  const std::string outer = world.outside_ref("team/bundle");
  for (const Words& arguments :
       {Words{"push", "-b", outer, "-f", "bundle"}, Words{"export", "-b", outer, "-o", "a.tar"},
        Words{"import", "a.tar", "--to-repo", world.inside_repo("imported")},
        Words{"copy", "-b", outer, "--to-repo", world.inside_repo("copied")},
        Words{"describe", "-b", world.inside_repo("imported") + ":v1"},
        Words{"tag", "list", "-i", world.inside_repo("imported"), "--digests"}, Words{"tag", "resolve", "-i", outer},
        Words{"pull", "-b", world.inside_repo("imported") + ":v1", "-o", "pulled"}}) {
    const Outcome outcome = run_discreetly(world, arguments, flags, variables);
    INFO(arguments[0] << ": " << outcome.err);
    REQUIRE(outcome.exit_code == 0);
  }
  CHECK(read_text(world.path("pulled/.imgpkg/images.yml")).find(world.inside_repo("imported")) != std::string::npos);
  for (const std::string repository : {"imported", "copied"}) {
    CHECK(std::ranges::count(World::tags(world.inside, repository), "v1") == 1);
  }
}

World world_of_robot() { return World{RegistryServer({.user = kRobot}), RegistryServer({.user = kRobot})}; }

}  // namespace

TEST_CASE("a user name and a password given as options open both ends") {
  if (lacks_users()) return;
  World world = world_of_robot();
  go_everywhere(world, {"--registry-username", name_of(kRobot), "--registry-password", password_of(kRobot)});
}

TEST_CASE("a user name and a password from IMGPKG_USERNAME and IMGPKG_PASSWORD open both ends") {
  if (lacks_users()) return;
  World world = world_of_robot();
  go_everywhere(world, {}, {{"IMGPKG_USERNAME", name_of(kRobot)}, {"IMGPKG_PASSWORD", password_of(kRobot)}});
}

TEST_CASE("IMGPKG_REGISTRY_ variables give each registry its own user, and go before the options") {
  if (lacks_users()) return;
  World world = guarded_world();
  go_everywhere(world, {"--registry-username", "nobody", "--registry-password", "nothing"},
                {{"IMGPKG_REGISTRY_HOSTNAME_0", world.outside.host()},
                 {"IMGPKG_REGISTRY_USERNAME_0", name_of(kRobot)},
                 {"IMGPKG_REGISTRY_PASSWORD_0", password_of(kRobot)},
                 {"IMGPKG_REGISTRY_HOSTNAME_1", "http://" + world.inside.host()},
                 {"IMGPKG_REGISTRY_USERNAME_1", name_of(kClerk)},
                 {"IMGPKG_REGISTRY_PASSWORD_1", password_of(kClerk)}});
}

TEST_CASE("the auths of docker's config.json give each registry its own user") {
  if (lacks_users()) return;
  World world = guarded_world();
  world.ociferry.set_docker_config(both_auths(world));
  go_everywhere(world, {});
}

TEST_CASE("a credential helper that config.json names is asked, for all registries or for one") {
  if (lacks_users()) return;
  World world = guarded_world();
  const auto write_helper = [&](const std::string& name, const std::string& host, const std::string& user) {
    const auto path = world.path("bin") / ("docker-credential-" + name);
    write_text(path, "#!/bin/sh\nread -r server\n[ \"$1 $server\" = \"get " + host +
                         "\" ] || exit 1\necho '{\"Username\": \"" + name_of(user) + "\", \"Secret\": \"" +
                         password_of(user) + "\"}'\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  };
  write_helper("outer", world.outside.host(), kRobot);
  write_helper("inner", world.inside.host(), kClerk);
  world.ociferry.set_docker_config(R"({"credHelpers": {")" + world.outside.host() + R"(": "outer", ")" +
                                   world.inside.host() + R"(": "inner"}})");
  go_everywhere(world, {}, {{"PATH", world.path("bin").string() + ":" + std::getenv("PATH")}});
}

TEST_CASE("the file that REGISTRY_AUTH_FILE names, and containers/auth.json, give each registry its own user") {
  if (lacks_users()) return;
  World world = guarded_world();
  write_text(world.path("elsewhere/auth.json"), auths({{world.outside.host(), kRobot}}));
  write_text(world.path("runtime/containers/auth.json"), auths({{world.inside.host(), kClerk}}));
  go_everywhere(world, {},
                {{"REGISTRY_AUTH_FILE", world.path("elsewhere/auth.json").string()},
                 {"XDG_RUNTIME_DIR", world.path("runtime").string()}});
}

TEST_CASE("without credentials, or with wrong ones, nothing is written and the exit code says why") {
  if (lacks_users()) return;
  World world = guarded_world();
  const Reference app = push_image(world.outside, "team/app", make_image(), "v1");
  world.ociferry.set_docker_config(both_auths(world));
  world.push_bundle("team/bundle", {app});
  world.succeed({"export", "-b", world.outside_ref("team/bundle"), "-o", "good.tar"});
  world.succeed({"import", "good.tar", "--to-repo", world.inside_repo("good")});

  const std::string wrong_password =
      auths({{world.outside.host(), "robot:wr0ng"}, {world.inside.host(), "clerk:wr0ng"}});
  for (const std::string& config : {std::string("{}"), wrong_password}) {
    world.ociferry.set_docker_config(config);
    const std::string outer = world.outside_ref("team/bundle");
    const std::string error =
        world.fail(20, {"push", "-b", world.outside_ref("team/new"), "-f", "bundle-team-bundle", "--debug"});
    const std::string hint = config == "{}" ? "log in with `ociferry login " + world.outside.host() + "`"
                                            : "`ociferry auth explain " + world.outside.host() + "/team/new`";
    CHECK(error.find("hint: " + hint) != std::string::npos);
    CHECK(error.find("wr0ng") == std::string::npos);
    world.fail(20, {"export", "-b", outer, "-o", "a.tar"});
    world.fail(20, {"import", "good.tar", "--to-repo", world.inside_repo("dest"), "--lock-output", "lock.yml"});
    world.fail(20, {"copy", "-b", outer, "--to-repo", world.inside_repo("dest"), "--lock-output", "lock.yml"});
    world.fail(20, {"pull", "-b", world.inside_repo("good") + ":v1", "-o", "pulled"});
    for (const std::string name : {"a.tar", "a.tar.partial", "lock.yml", "pulled"}) {
      CHECK_FALSE(std::filesystem::exists(world.path(name)));
    }
    CHECK(World::tags(world.outside, "team/new").empty());
    CHECK(World::tags(world.inside, "dest").empty());
  }
  world.ociferry.set_docker_config(both_auths(world));
  world.fail(20, {"pull", "-b", world.inside_repo("good") + ":v1", "-o", "pulled", "--registry-anon"});
}

TEST_CASE("credentials for one end are not sent to the other") {
  if (lacks_users()) return;
  RegistryServer open;
  World world = guarded_world();
  const FaultProxy front(open);
  world.ociferry.set_docker_config(both_auths(world));
  const Reference app = push_image(world.outside, "team/app", make_image(), "v1");
  world.succeed({"copy", "-i", to_string(app), "--to-repo", front.host() + "/dest"});
  REQUIRE(front.count("PUT", "/v2/dest/manifests/") > 0);
  CHECK(std::ranges::none_of(
      front.requests(), [](const HttpRequest& request) { return request.headers.find("Authorization").has_value(); }));
}

namespace {

/// A registry that speaks TLS only, and an image in it.
struct Vault {
  TempDirectory directory = temp_directory();
  TlsIdentity identity;
  RegistryServer registry;

  explicit Vault(TlsFlaw flaw = TlsFlaw::None)
      : identity(make_tls_identity(directory.path() / "tls", flaw)), registry({.tls = identity}) {}
};

}  // namespace

TEST_CASE("a registry with its own authority is trusted only with --registry-ca-cert-path") {
  if (lacks({"docker-registry", "openssl"})) return;
  Vault vault;
  World world;
  const Reference app = push_image(vault.registry, "team/app", make_image(), "v1");
  const std::string name = vault.registry.host() + "/team/app:v1";
  const Words trusting = {"--registry-ca-cert-path", vault.identity.authority.string()};
  const auto with = [](Words arguments, const Words& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };

  const std::string error = world.fail(23, {"export", "-i", name, "-o", "a.tar"});
  CHECK(error.find("certificate") != std::string::npos);
  CHECK(error.find("hint:") != std::string::npos);
  CHECK(error.find("--registry-ca-cert-path") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(world.path("a.tar")));

  const std::string to = vault.registry.host() + "/elsewhere";
  world.succeed(with({"export", "-i", name, "-o", "a.tar"}, trusting));
  world.fail(23, {"import", "a.tar", "--to-repo", to});
  CHECK(World::tags(vault.registry, "elsewhere").empty());
  world.succeed(with({"import", "a.tar", "--to-repo", to}, trusting));
  CHECK(std::ranges::count(World::tags(vault.registry, "elsewhere"), "v1") == 1);
  world.succeed(with({"pull", "-i", to + ":v1", "-o", "pulled"}, trusting));
  world.succeed({"pull", "-i", to + ":v1", "-o", "pulled", "--registry-verify-certs=false"});
  world.write_bundle("bundle", {app});
  const std::string bundle = vault.registry.host() + "/team/bundle:v1";
  world.succeed(with({"push", "-b", bundle, "-f", "bundle"}, trusting));
  world.fail(23, {"describe", "-b", bundle});
  world.succeed(with({"describe", "-b", bundle}, trusting));

  // An authority that has signed something else does not help, and a file without certificates is told apart.
  const TlsIdentity other = make_tls_identity(vault.directory.path() / "other");
  world.fail(23, {"export", "-i", name, "-o", "b.tar", "--registry-ca-cert-path", other.authority.string()});
  world.succeed({"export", "-i", name, "-o", "b.tar", "--registry-ca-cert-path",
                 other.authority.string() + "," + vault.identity.authority.string()});
  const std::string unusable =
      world.fail(1, {"export", "-i", name, "-o", "c.tar", "--registry-ca-cert-path", vault.identity.key.string()});
  CHECK(unusable.find(vault.identity.key.string()) != std::string::npos);
}

TEST_CASE("a certificate that has expired or is for another name is refused, though its authority is trusted") {
  if (lacks({"docker-registry", "openssl"})) return;
  World world;
  for (const TlsFlaw flaw : {TlsFlaw::Expired, TlsFlaw::OtherName}) {
    const Vault vault(flaw);
    const std::string name = vault.registry.host() + "/team/app:v1";
    const std::string error = world.fail(
        23, {"pull", "-i", name, "-o", "pulled", "--registry-ca-cert-path", vault.identity.authority.string()});
    CHECK(error.find("certificate") != std::string::npos);
    CHECK(world.fail(23, {"pull", "-i", name, "-o", "pulled", "--registry-insecure"}).find("certificate") !=
          std::string::npos);
    world.fail(22, {"pull", "-i", name, "-o", "pulled", "--registry-verify-certs=false"});  // only the image is missing
  }
}
