#include "asked_name.hpp"
#include "credentials/credentials.hpp"
#include "credentials/finding.hpp"
#include "credentials/limits.hpp"
#include "ociferry/auth.hpp"
#include "support/rig.hpp"

// How long the answers of helpers and token servers count, and what it means that one is broken.

using namespace ociferry;
using namespace std::chrono_literals;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::kAskedName;

TEST_CASE("a helper's answer is cached for all repositories of a registry until it expires") {
  const Environment environment{{"DOCKER_AUTH_CONFIG", R"({"credHelpers":{"reg.example:5000":"x"}})"}};
  testing::FakeClock clock;
  int asked = 0;
  const HelperRunner helper = [&](const std::string&, const std::string&) {
    return std::optional(Credential{"user " + std::to_string(++asked), "p"});
  };
  Credentials credentials({}, environment, {helper, &clock});
  for (const char* repository : {"a", "b", "a"})
    CHECK(credentials.find({kAskedName.registry, repository}).username == "user 1");
  clock.pass(limits::kCredentialAge + 1s);
  for (const char* repository : {"a", "b"})
    CHECK(credentials.find({kAskedName.registry, repository}).username == "user 2");
}

TEST_CASE("a helper's failure is cached for all repositories, but an interruption is not") {
  const Environment environment{{"DOCKER_AUTH_CONFIG", R"({"credHelpers":{"reg.example:5000":"x"}})"}};
  testing::FakeClock clock;
  int asked = 0;
  ErrorCode code = ErrorCode::Unauthorized;
  const HelperRunner helper = [&](const std::string&, const std::string&) -> std::optional<Credential> {
    throw Error(code, "failure " + std::to_string(++asked)).hint("repair it");
  };
  Credentials credentials({}, environment, {helper, &clock});
  const auto failure = [&](const char* repository) {
    return error_of([&] { static_cast<void>(credentials.find({kAskedName.registry, repository})); });
  };
  for (const char* repository : {"a", "b", "a"}) {
    CHECK(failure(repository).message() == "failure 1");
    CHECK(failure(repository).hint_text() == "repair it");
  }
  clock.pass(limits::kCredentialAge + 1s);
  code = ErrorCode::Interrupted;
  CHECK(failure("a").message() == "failure 2");
  CHECK(failure("a").message() == "failure 3");
}

TEST_CASE("a helper that fails is run again after growing pauses, but not one without an entry") {
  const Environment environment{{"DOCKER_AUTH_CONFIG", R"({"credHelpers":{"reg.example:5000":"x"}})"}};
  testing::FakeClock clock;
  int failures = 4;
  int runs = 0;
  const HelperRunner busy = [&](const std::string&, const std::string&) -> std::optional<Credential> {
    ++runs;
    if (failures-- > 0) throw Error(ErrorCode::Unauthorized, "the key store is locked").transient();
    return Credential{"user", "p"};
  };
  CHECK(Credentials({}, environment, {busy, &clock}).find(kAskedName).username == "user");
  CHECK(runs == 5);
  const auto pauses = clock.sleeps();
  REQUIRE(pauses.size() == 4);
  for (std::size_t i = 0; i < pauses.size(); ++i) {
    const auto longest = 200ms * (1 << i);
    CHECK(pauses[i] >= longest / 2);
    CHECK(pauses[i] <= longest);
  }
  runs = 0;
  const HelperRunner empty = [&](const std::string&, const std::string&) -> std::optional<Credential> {
    ++runs;
    return std::nullopt;
  };
  CHECK(Credentials({}, environment, {empty, &clock}).find(kAskedName).is_anonymous());
  CHECK(runs == 1);
}

TEST_CASE("a helper that keeps failing is given up after some seconds, with an error that is not transient") {
  const Environment environment{{"DOCKER_AUTH_CONFIG", R"({"credHelpers":{"reg.example:5000":"x"}})"}};
  testing::FakeClock clock;
  const auto begun = clock.now();
  auto taken = 0ms;
  const HelperRunner failing = [&](const std::string&, const std::string&) -> std::optional<Credential> {
    clock.pass(taken);
    throw Error(ErrorCode::Unauthorized, "the helper is broken").transient().hint("repair it");
  };
  const auto failure = [&] {
    Credentials credentials({}, environment, {failing, &clock});
    return error_of([&] { static_cast<void>(credentials.find(kAskedName)); });
  };
  const Error error = failure();
  CHECK(error.message().starts_with("the helper is broken, in "));
  CHECK(error.hint_text() == "repair it");
  CHECK_FALSE(error.is_transient());
  CHECK(clock.now() - begun <= 8s);
  CHECK(clock.now() - begun >= 6s);
  // Who has typed a wrong password is not asked for it again.
  taken = 9000ms;
  CHECK(failure().message() == "the helper is broken, in 1 run");
}

TEST_CASE("a pause before a helper is run again ends when the command is stopped") {
  const Environment environment{{"DOCKER_AUTH_CONFIG", R"({"credHelpers":{"reg.example:5000":"x"}})"}};
  testing::FakeClock clock;
  std::stop_source stop;
  const HelperRunner failing = [&](const std::string&, const std::string&) -> std::optional<Credential> {
    stop.request_stop();
    throw Error(ErrorCode::Unauthorized, "locked").transient();
  };
  Credentials credentials({}, environment, {failing, &clock, &silent_progress(), stop.get_token()});
  CHECK(error_of([&] { static_cast<void>(credentials.find(kAskedName)); }).code() == ErrorCode::Interrupted);
}

TEST_CASE("a broken helper is not a refusal by a registry") {
  const Environment environment{{"DOCKER_AUTH_CONFIG", R"({"credsStore":"store"})"}};
  const HelperRunner broken = [](const std::string&, const std::string&) -> std::optional<Credential> {
    throw Error(ErrorCode::Unauthorized, "the helper is broken");
  };
  Credentials credentials({}, environment, {broken});
  try {
    static_cast<void>(credentials.find(kAskedName));
    FAIL("found some");
  } catch (const Error& error) {
    CHECK(error.reason() == ErrorReason::CredentialsBroken);
    CHECK_FALSE(is_refusal(error));
  }
  CHECK(is_refusal({ErrorCode::Unauthorized, ""}));
  CHECK(is_refusal({ErrorCode::Denied, ""}));
  CHECK_FALSE(is_refusal({ErrorCode::NotFound, ""}));
}

TEST_CASE("a token is cached no longer than the helper's answer that it was fetched with") {
  const Environment environment{{"DOCKER_AUTH_CONFIG", R"({"credHelpers":{"reg.example:5000":"x"}})"}};
  testing::FakeClock clock;
  int asked = 0;
  const HelperRunner helper = [&](const std::string&, const std::string&) {
    return std::optional(Credential{"user " + std::to_string(++asked), "p"});
  };
  Credentials credentials({}, environment, {helper, &clock});
  const auto user = [&](const char* repository) {
    return credentials.find({kAskedName.registry, repository}).username;
  };
  CHECK(user("a") == "user 1");
  clock.pass(limits::kCredentialAge - 1s);
  CHECK(user("b") == "user 1");
  clock.pass(2s);
  CHECK(user("b") == "user 2");
}

TEST_CASE("a token server that gives no token is not a refusal by the registry, one that answers 401 is") {
  for (const HttpReply& reply : {HttpReply{200, {}, "{}"}, HttpReply{200, {}, "<html>"}, HttpReply{401}}) {
    testing::Rig rig;
    rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.path == "/token") return reply;
      return HttpReply{401, {{"WWW-Authenticate", "Bearer realm=\"https://auth.example/token\""}}};
    };
    try {
      static_cast<void>(rig.repository().resolve("v1"));
      FAIL("did not fail");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Unauthorized);
      CHECK(is_refusal(error) == (reply.status == 401));
    }
  }
}
