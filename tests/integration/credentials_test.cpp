#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "guarded_world.hpp"
#include "stream/base64.hpp"
#include "support/fault_proxy.hpp"
#include "support/temp.hpp"

// Whose account is used where: one for each registry, one for each path, from standard input, from podman's files.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// Copies an image from the outer to the inner registry; the exit code.
int copy_between(World& world, const Variables& variables) {
  const Reference app = push_image(world.outside, "team/app", make_image(), "v1");
  const Outcome outcome =
      world.ociferry.run({"copy", "-i", to_string(app), "--to-repo", world.inside_repo("dest")}, variables);
  INFO(outcome.err);
  CHECK(outcome.err.find("s3cret") == std::string::npos);
  return outcome.exit_code;
}

/// A registry where each path has a user of its own, and nobody may read or mount what is another's.
std::optional<HttpReply> guard_paths(const HttpRequest& request) {
  const std::string sent = request.headers.find("Authorization").value_or("");
  const bool robots = request.path.starts_with("/v2/team/");
  const bool allowed = sent == "Basic " + base64_encoded(robots ? kRobot : kClerk);
  if (request.path != "/v2/" && allowed && request.parameter("from").empty()) return std::nullopt;
  return HttpReply{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"paths\""}}};
}

}  // namespace

TEST_CASE("podman's files of the session and of the user give each registry its own user, also the old file") {
  if (lacks_users()) return;
  for (const std::string inner : {".config/containers/auth.json", "conf/containers/auth.json", ".dockercfg"}) {
    CAPTURE(inner);
    World world = guarded_world();
    write_text(world.path("run/containers/auth.json"), auths({{world.outside.host(), kRobot}}));
    const bool old = inner == ".dockercfg";
    const std::string host = world.inside.host();
    write_text(world.path(inner),
               old ? "{" + auth_entry("http://" + host + "/v1/", kClerk) + "}" : auths({{host, kClerk}}));
    Variables variables{{"XDG_RUNTIME_DIR", world.path("run").string()}};
    if (inner.starts_with("conf")) variables["XDG_CONFIG_HOME"] = world.path("conf").string();
    CHECK(copy_between(world, variables) == 0);
  }
}

TEST_CASE("docker's configuration can be the content of DOCKER_AUTH_CONFIG") {
  if (lacks_users()) return;
  World world = guarded_world();
  const std::string content = auths({{world.outside.host(), kRobot}, {world.inside.host(), kClerk}});
  CHECK(copy_between(world, {{"DOCKER_AUTH_CONFIG", content}}) == 0);
  CHECK(copy_between(world, {{"DOCKER_AUTH_CONFIG", auths({{world.outside.host(), kRobot}})}}) == 20);
}

TEST_CASE("one credential store serves both registries, and is asked once for each") {
  if (lacks_users()) return;
  World world = guarded_world();
  const auto helper = world.path("bin/docker-credential-both");
  const auto answer = [](const std::string& user) {
    const auto colon = user.find(':');
    return R"(echo '{"Username": ")" + user.substr(0, colon) + R"(", "Secret": ")" + user.substr(colon + 1) + "\"}'";
  };
  write_text(helper, "#!/bin/sh\nread -r server\necho \"$server\" >> '" + world.path("asked").string() +
                         "'\ncase $server in\n" + world.outside.host() + ") " + answer(kRobot) + ";;\n" +
                         world.inside.host() + ") " + answer(kClerk) + ";;\nesac\n");
  std::filesystem::permissions(helper, std::filesystem::perms::owner_all);
  world.ociferry.set_docker_config(R"({"credsStore": "both"})");
  CHECK(copy_between(world, {{"PATH", world.path("bin").string() + ":" + std::getenv("PATH")}}) == 0);
  const std::string asked = read_text(world.path("asked"));
  CHECK(std::ranges::count(asked, '\n') == 2);
}

TEST_CASE("each path of a registry can have its own account; blobs that cannot be mounted are uploaded") {
  if (lacks({"docker-registry"})) return;
  World world;
  const FaultProxy front(world.outside, guard_paths);
  push_image(world.outside, "team/app", make_image(), "v1");
  world.ociferry.set_docker_config(auths({{front.host() + "/team", kRobot}, {front.host(), kClerk}}));
  const std::string said =
      world.succeed({"copy", "-i", front.host() + "/team/app:v1", "--to-repo", front.host() + "/dest", "--tty"});
  CHECK(said.find("mounted") == std::string::npos);
  CHECK(front.count("PUT", "/v2/dest/blobs/uploads/") == 2);
  CHECK(std::ranges::count(World::tags(world.outside, "dest"), "v1") == 1);
  for (const HttpRequest& request : front.requests()) {
    if (request.path == "/v2/") continue;
    const std::string& user = request.path.starts_with("/v2/team/") ? kRobot : kClerk;
    CHECK(request.headers.find("Authorization") == "Basic " + base64_encoded(user));
  }
}

TEST_CASE("--registry-password-stdin reads the password from standard input") {
  if (lacks_users()) return;
  World world = guarded_world();
  const Reference app = push_image(world.outside, "team/app", make_image(), "v1");
  const auto pull = [&](const Words& flags, const std::string& input, const Variables& variables = {}) {
    Words arguments{"pull", "-i", to_string(app), "-o", "pulled"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    Program program = world.ociferry.program(arguments, variables);
    program.input = input;
    return run(program);
  };
  const Words flags{"--registry-username", "robot", "--registry-password-stdin"};
  for (const char* input : {"out-s3cret", "out-s3cret\n", "out-s3cret\r\n"}) CHECK(pull(flags, input).exit_code == 0);
  CHECK(pull({"--registry-password-stdin"}, "out-s3cret", {{"IMGPKG_USERNAME", "robot"}}).exit_code == 0);
  CHECK(pull(flags, "out-s3cret", {{"IMGPKG_PASSWORD", "another"}}).exit_code == 0);
  CHECK(pull(flags, "wr0ng").exit_code == 20);

  CHECK(pull(flags, "").err.find("holds no password") != std::string::npos);
  CHECK(pull({"--registry-password-stdin"}, "x").err.find("needs --registry-username") != std::string::npos);
  Words twice = flags;
  twice.insert(twice.end(), {"--registry-password", "x"});
  const Outcome refused = pull(twice, "x");
  CHECK(refused.exit_code == 1);
  CHECK(refused.err.find("exclude each other") != std::string::npos);
}

TEST_CASE("a broken file or helper ends a command before it has written anything, and is named") {
  if (lacks_users()) return;
  World world = guarded_world();
  write_text(world.path("files/file"), "content");
  const auto push = [&](int exit_code) {
    return world.fail(exit_code, {"push", "-i", world.outside_ref("team/new"), "-f", "files"});
  };
  world.ociferry.set_docker_config(R"({"auths": {"x": {"auth": "s3cret)");
  const std::string broken = push(1);
  CHECK(broken.find(".docker/config.json: not valid JSON") != std::string::npos);
  CHECK(broken.find("s3cret") == std::string::npos);
  world.ociferry.set_docker_config(R"({"credsStore": "not-installed"})");
  const std::string missing = push(20);
  CHECK(missing.find("docker-credential-not-installed") != std::string::npos);
  CHECK(missing.find(".docker/config.json") != std::string::npos);
  world.ociferry.set_docker_config(R"({"credsStore": "../x"})");
  CHECK(push(1).find("'../x' is not the name of a credential helper") != std::string::npos);
  CHECK(World::tags(world.outside, "team/new").empty());
}
