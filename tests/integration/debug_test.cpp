#include <doctest/doctest.h>

#include "stream/base64.hpp"
#include "support/fault_proxy.hpp"
#include "support/temp.hpp"
#include "support/token_server.hpp"
#include "world.hpp"

// What --debug shows of the exchange with a registry, and what it never shows.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kDebugUser = "robot:s3cret-word";

/// Pushes, exports and copies with --debug; all that was said.
std::string go_through(const Ociferry& ociferry, const std::string& host, const Variables& variables) {
  write_text(ociferry.home() / "files/file", "content");
  std::string said;
  for (const Words& arguments :
       {Words{"push", "-i", host + "/team/app:v1", "-f", "files", "--debug"},
        Words{"export", "-i", host + "/team/app:v1", "-o", "a.tar", "--debug"},
        Words{"copy", "-i", host + "/team/app:v1", "--to-repo", host + "/team/copy", "--debug"}}) {
    const Outcome outcome = ociferry.run(arguments, variables);
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    said += outcome.out + outcome.err;
  }
  return said;
}

/// The secrets that came by in headers.
std::vector<std::string> sent_secrets(const std::vector<HttpRequest>& requests) {
  std::vector<std::string> secrets;
  for (const HttpRequest& request : requests) {
    const std::string value = request.headers.find("Authorization").value_or("");
    if (const auto space = value.find(' '); space != std::string::npos) secrets.push_back(value.substr(space + 1));
  }
  return secrets;
}

void check_exchange(const std::string& said, const std::string& host, const std::string& scheme) {
  for (const std::string& line :
       {" > GET http://" + host + "/v2/\n",
        " > HEAD http://" + host + "/v2/team/app/blobs/sha256:", " > Authorization: " + scheme + " [not shown]\n",
        std::string(" < 401 in "), std::string(" < 201 in "), std::string(" < Www-Authenticate: " + scheme + " realm="),
        std::string(" < Docker-Content-Digest: sha256:"), std::string(" > Content-Type: application/vnd."),
        std::string("&digest=sha256"), std::string("_state=[not shown]")}) {
    CAPTURE(line);
    CHECK(said.find(line) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("--debug shows the exchange with a registry that wants a password, without the password") {
  if (lacks({"docker-registry", "htpasswd"})) return;
  const RegistryServer registry({.user = kDebugUser});
  const FaultProxy front(registry);
  const Ociferry ociferry(OCIFERRY_BINARY);
  const std::string said =
      go_through(ociferry, front.host(), {{"IMGPKG_USERNAME", "robot"}, {"IMGPKG_PASSWORD", "s3cret-word"}});
  check_exchange(said, front.host(), "Basic");
  CHECK(said.find("--registry-username, OCIFERRY_USERNAME, IMGPKG_USERNAME: wins: user robot (password not shown)") !=
        std::string::npos);
  CHECK(said.find("s3cret-word") == std::string::npos);
  CHECK(said.find(base64_encoded(kDebugUser)) == std::string::npos);
}

TEST_CASE("--debug shows the exchange with a registry that wants tokens, without any of them") {
  if (lacks({"docker-registry", "openssl"})) return;
  for (const bool identity : {false, true}) {
    CAPTURE(identity);
    const TokenServer tokens({.user = kDebugUser, .refresh_token = "s3cret-refresh"});
    const RegistryServer registry({.token = tokens.realm()});
    const FaultProxy front(registry);
    const Ociferry ociferry(OCIFERRY_BINARY);
    const std::string proof =
        identity ? R"("identitytoken": "s3cret-refresh")" : R"("auth": ")" + base64_encoded(kDebugUser) + "\"";
    ociferry.set_docker_config(R"({"auths": {")" + front.host() + "\": {" + proof + "}}}");
    const std::string said = go_through(ociferry, front.host(), {});
    check_exchange(said, front.host(), "Bearer");
    CHECK(said.find((identity ? " > POST " : " > GET ") + tokens.realm().url) != std::string::npos);
    const auto secrets = sent_secrets(front.requests());
    REQUIRE_FALSE(secrets.empty());
    for (const std::string& secret : secrets) CHECK(said.find(secret) == std::string::npos);
    CHECK(said.find("s3cret") == std::string::npos);
    CHECK(said.find(base64_encoded(kDebugUser)) == std::string::npos);
  }
}

TEST_CASE("a registry that repeats a secret in its error does not have it shown") {
  if (lacks({"docker-registry"})) return;
  const RegistryServer registry;
  const FaultProxy front(registry, [](const HttpRequest& request) -> std::optional<HttpReply> {
    const std::string sent = request.headers.find("Authorization").value_or("");
    if (sent.empty()) return HttpReply{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"x\""}}};
    return HttpReply{.status = 403,
                     .headers = {{"Set-Cookie", "session=" + sent}, {"X-Echo", sent}},
                     .body = R"({"errors":[{"code":"DENIED","message":"no: Authorization: )" + sent + "\"}]}"};
  });
  const Ociferry ociferry(OCIFERRY_BINARY);
  const Outcome outcome = ociferry.run({"pull", "-i", front.host() + "/team/app:v1", "-o", "x", "--debug"},
                                       {{"IMGPKG_USERNAME", "robot"}, {"IMGPKG_PASSWORD", "s3cret-word"}});
  CHECK(outcome.exit_code == 21);
  CHECK(outcome.err.find("DENIED: no: Authorization: [not shown]") != std::string::npos);
  CHECK(outcome.err.find("Set-Cookie: [not shown]") != std::string::npos);
  CHECK(outcome.err.find(base64_encoded(kDebugUser)) == std::string::npos);
}
