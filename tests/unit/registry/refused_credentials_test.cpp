#include <doctest/doctest.h>

#include "stream/base64.hpp"
#include "support/rig.hpp"

// What a 401 is told as: wrong, missing, and not yet (or no longer) valid credentials.

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::Rig;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The failure of a read that the registry answers with 401 and `challenge`, whatever it is sent.
Error refused_read(Rig& rig, const std::string& challenge, const Headers& more = {}) {
  rig.registry.intercept = [=](const HttpRequest&) -> std::optional<HttpReply> {
    HttpReply reply{401, more, R"({"errors":[{"code":"UNAUTHORIZED","message":"no"}]})"};
    if (!challenge.empty()) reply.headers.add("WWW-Authenticate", challenge);
    return reply;
  };
  const Error error = error_of([&] { static_cast<void>(rig.repository().resolve("v1")); });
  CHECK(error.code() == ErrorCode::Unauthorized);
  CHECK_FALSE(has(error.message() + error.hint_text(), "s3cret"));
  return error;
}

std::string token_valid_from(const std::string& claims) {
  std::string payload = base64_encoded(claims);
  while (payload.ends_with('=')) payload.pop_back();
  return "e30." + payload + ".c2ln";
}

}  // namespace

TEST_CASE("wrong credentials are reported with their source, and a hint to auth explain") {
  Rig by_variable(RegistryOptions{}, {{"IMGPKG_USERNAME", "ann"}, {"OCIFERRY_PASSWORD", "s3cret"}});
  const Error error = refused_read(by_variable, "Basic realm=x");
  CHECK(has(error.message(), "/manifests/v1: answered 401"));
  CHECK(has(error.message(), "; credentials: user ann (password not shown), from IMGPKG_USERNAME"));
  CHECK(has(error.hint_text(), "`ociferry auth explain reg.example/team/app` shows where these come from"));
  CHECK_FALSE(has(error.hint_text(), "login"));
  Rig by_file(RegistryOptions{}, {{"DOCKER_AUTH_CONFIG", R"({"auths":{"reg.example":{"auth":"YW5uOnMzY3JldA=="}}})"}});
  CHECK(has(refused_read(by_file, "Basic realm=x").message(),
            "; credentials: user ann (password not shown), from 'reg.example'"));
}

TEST_CASE("missing credentials are reported as such, with a hint to log in") {
  Rig rig;
  const Error error = refused_read(rig, "Basic realm=x");
  CHECK(has(error.message(), "; credentials: none"));
  CHECK(has(error.hint_text(), "log in with `ociferry login reg.example`"));
  CHECK(has(error.hint_text(), "`ociferry auth explain reg.example/team/app`"));
  Rig anonymous({.anonymous = true});
  CHECK(has(refused_read(anonymous, "Basic realm=x").message(), "; credentials: anonymous, from --registry-anon"));
}

TEST_CASE("a registry with an unsupported kind of authentication is reported as such") {
  Rig rig({.username = "ann", .password = "s3cret"});
  CHECK(has(refused_read(rig, "").message(),
            "no credentials were sent, since the registry offers no supported way to log in"));
  CHECK(has(refused_read(rig, "Negotiate").message(), "the registry offers no supported way to log in"));
}

TEST_CASE("a token outside of its validity is reported with the registry's clock") {
  struct Row {
    const char* claims;
    const char* words;
  };
  // Thu, 01 Jan 1970 00:20:00 GMT is 1200.
  const Headers date{{"Date", "Thu, 01 Jan 1970 00:20:00 GMT"}};
  for (const Row& row : {Row{R"({"nbf":1290,"exp":9999})", "it is not valid for another 90 s"},
                         Row{R"({"nbf":0,"exp":1195})", "it expired 5 s ago"}}) {
    Rig rig({.token = token_valid_from(row.claims)});
    const Error error = refused_read(rig, "Basic realm=x", date);
    CHECK(has(error.message(), "by the clock of the registry the token cannot be used: "));
    CHECK(has(error.message(), row.words));
    CHECK(has(error.message(), "registry token (not shown), from --registry-token"));
    CHECK(has(error.hint_text(), "get a new token"));
  }
  Rig valid({.token = token_valid_from(R"({"nbf":1000,"exp":9999})")});
  CHECK_FALSE(has(refused_read(valid, "Basic realm=x", date).message(), "clock"));
}

TEST_CASE("a refusal by a token server is reported with the source of the credentials") {
  Rig rig(RegistryOptions{}, {{"OCIFERRY_USERNAME", "ann"}, {"OCIFERRY_PASSWORD", "s3cret"}});
  const Error error = refused_read(rig, "Bearer realm=\"https://auth.example/token\"");
  CHECK(has(error.message(), "GET https://auth.example/token: answered 401"));
  CHECK(has(error.message(), "; credentials: user ann (password not shown), from OCIFERRY_USERNAME"));
  CHECK(has(error.hint_text(), "`ociferry auth explain reg.example/team/app`"));
}
