#include <doctest/doctest.h>

#include "registry/authenticator.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::Rig;

namespace {

/// Asks a registry at `registry` that names `realm` for a token; gives the URLs of requests for tokens.
struct Asked {
  std::vector<std::string> urls = {};
  bool with_credentials = false;
  std::optional<Error> error = {};
};

Asked ask_for_token(const std::string& registry, const std::string& realm) {
  testing::FakeTransport transport([](const HttpRequest&) { return HttpReply{200, {}, R"({"token":"t"})"}; });
  testing::FakeClock clock;
  Retrier retrier(RetryPolicy{}, clock, silent_progress());
  Credentials credentials({.username = "me", .password = "pass"}, {});
  Authenticator authenticator(transport, retrier, credentials);
  authenticator.learn(Url::parse(registry), {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\""}});
  Asked asked;
  try {
    const auto authorization = authenticator.authorization({{"reg.example", "team/app"}}, {});
    CHECK(authorization == "Bearer t");
  } catch (const Error& error) {
    asked.error = error;
  }
  asked.urls = transport.lines();
  for (const HttpRequest& request : transport.requests()) {
    asked.with_credentials = request.headers.find("Authorization").has_value();
  }
  return asked;
}

}  // namespace

TEST_CASE("the realm of a challenge is used within the rules for credentials") {
  struct Row {
    std::string registry;
    std::string realm;
    bool allowed;
  };
  const std::vector<Row> rows{
      {"https://reg.example/", "https://reg.example/token", true},
      {"https://reg.example/", "https://reg.example:8443/token", true},
      {"https://reg.example/", "/token", true},
      {"https://reg.example/", "https://auth.example/token", true},
      // Not encrypted.
      {"https://reg.example/", "http://reg.example/token", false},
      {"https://reg.example/", "http://auth.example/token", false},
      // --registry-insecure speaks for the registry's host only.
      {"http://reg.example/", "http://reg.example:5001/token", true},
      {"http://reg.example/", "/token", true},
      {"http://reg.example/", "http://auth.example/token", false},
      {"http://reg.example/", "https://auth.example/token", true},
      // Private addresses are where on-premises registries live.
      {"https://reg.example/", "https://10.0.0.5:8443/token", true},
      {"https://reg.example/", "https://192.168.1.2/token", true},
      {"https://reg.example/", "https://[fd12:3456::1]/token", true},
      {"https://10.0.0.4/", "https://10.0.0.5/token", true},
      // This machine, and the metadata services of clouds.
      {"https://reg.example/", "https://127.0.0.1/token", false},
      {"https://reg.example/", "https://localhost:8443/token", false},
      {"https://reg.example/", "https://[::1]/token", false},
      {"https://reg.example/", "https://[::ffff:127.0.0.1]/token", false},
      {"https://reg.example/", "https://0.0.0.0/token", false},
      {"https://reg.example/", "https://127.1/token", false},
      {"https://reg.example/", "https://169.254.169.254/token", false},
      {"https://reg.example/", "https://[fe80::1]/token", false},
      {"https://reg.example/", "https://metadata.google.internal/token", false},
      {"http://127.0.0.1:5000/", "http://127.0.0.1:5001/token", true},
      {"http://localhost:5000/", "http://127.0.0.1:5001/token", true},
      {"https://127.0.0.1:5000/", "http://127.0.0.1:5001/token", false},
      {"http://127.0.0.1:5000/", "http://auth.example/token", false},
      {"http://127.0.0.1:5000/", "https://169.254.169.254/token", false},
      // No address at all.
      {"https://reg.example/", "null://", false},
      {"https://reg.example/", "ftp://reg.example/token", false},
      {"https://reg.example/", "https://me:secret@auth.example/token", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.registry);
    CAPTURE(row.realm);
    const Asked asked = ask_for_token(row.registry, row.realm);
    CHECK(asked.error.has_value() == !row.allowed);
    CHECK(asked.urls.size() == (row.allowed ? 1 : 0));
    if (!asked.error) continue;
    CHECK(asked.error->code() == ErrorCode::Hostile);
    CHECK(asked.error->message().find("secret") == std::string::npos);
  }
}

TEST_CASE("a realm from plain http gets credentials only on the same host or on loopback") {
  CHECK(ask_for_token("https://reg.example/", "https://auth.example/token").with_credentials);
  CHECK(ask_for_token("http://reg.example/", "http://reg.example:5001/token").with_credentials);
  CHECK(ask_for_token("http://reg.example/", "https://reg.example/token").with_credentials);
  CHECK(ask_for_token("http://127.0.0.1:5000/", "https://auth.example/token").with_credentials);
  const Asked elsewhere = ask_for_token("http://reg.example/", "https://auth.example/token");
  CHECK(elsewhere.urls.size() == 1);
  CHECK_FALSE(elsewhere.with_credentials);
}

TEST_CASE("a challenge without a token server is not followed") {
  testing::FakeTransport transport([](const HttpRequest&) { return HttpReply{}; });
  testing::FakeClock clock;
  Retrier retrier(RetryPolicy{}, clock, silent_progress());
  Credentials credentials({.username = "me"}, {});
  Authenticator authenticator(transport, retrier, credentials);
  authenticator.learn(Url::parse("https://reg.example/"), {{"WWW-Authenticate", "Bearer service=\"x\""}});
  CHECK_FALSE(authenticator.authorization({{"reg.example", "team/app"}}, {}).has_value());
  CHECK(transport.lines().empty());
}

TEST_CASE("an unreachable token server is reported with the registry that named it") {
  Rig rig{Rig::Script{}, {.retry_count = 0}};
  rig.transport
      ->expect("GET", "https://reg.example/v2/team/app/manifests/v1",
               {401, {{"WWW-Authenticate", R"(Bearer realm="https://auth.example/token")"}}})
      .expect_failure("GET", "https://auth.example/token?scope=repository%3Ateam%2Fapp%3Apull",
                      TransportError::Kind::Connect);
  const Error error = error_of([&] { static_cast<void>(rig.repository().manifest("v1")); });
  REQUIRE(error.context().size() == 1);
  CHECK(error.context().front() == "reg.example sends us to https://auth.example for a token");
}
