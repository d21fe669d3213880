#include <doctest/doctest.h>

#include "credentials/limits.hpp"
#include "oci/json.hpp"
#include "registry/token.hpp"
#include "store/memory_target.hpp"
#include "stream/base64.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using namespace std::chrono_literals;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::Rig;

namespace {

/// A registry that wants tokens, and the server that gives them, on one fake transport.
struct TokenRig : Rig {
  std::string realm = "https://auth.example/token";
  int expires_in = 300;
  int given = 0;
  std::string accepted = "";  ///< only this token is taken; empty: any
  std::string challenge_scope = "";
  std::function<std::optional<HttpReply>(const HttpRequest&)> token_server;

  explicit TokenRig(RegistryOptions options = {}, Environment environment = {})
      : Rig(std::move(options), std::move(environment)) {
    registry.intercept = [this](const HttpRequest& request) { return answer(request); };
  }

  std::optional<HttpReply> answer(const HttpRequest& request) {
    if (request.path == "/token") {
      if (token_server) {
        if (auto reply = token_server(request)) return reply;
      }
      const Json body(Json::Object{{"token", "token-" + std::to_string(++given)}, {"expires_in", expires_in}});
      return HttpReply{200, {}, body.dump()};
    }
    const std::string authorization = request.headers.find("Authorization").value_or("");
    const bool fits =
        accepted.empty() ? authorization.starts_with("Bearer token-") : authorization == "Bearer " + accepted;
    if (fits) return std::nullopt;
    std::string challenge = "Bearer realm=\"" + realm + "\",service=\"reg\"";
    if (!challenge_scope.empty()) challenge += ",scope=\"" + challenge_scope + "\",error=\"insufficient_scope\"";
    return HttpReply{401, {{"WWW-Authenticate", challenge}}};
  }

  void read() { static_cast<void>(repository().resolve("v1")); }
  [[nodiscard]] std::vector<HttpRequest> token_requests() const {
    std::vector<HttpRequest> found;
    for (const HttpRequest& request : transport->requests()) {
      if (request.path == "/token") found.push_back(request);
    }
    return found;
  }
};

const RegistryOptions kLogin{.username = "me", .password = "pass:word"};
const std::string kBasic = "Basic " + base64_encoded("me:pass:word");

std::vector<std::string> scopes(const HttpRequest& request) {
  std::vector<std::string> found;
  const auto [begin, end] = request.parameters.equal_range("scope");
  for (auto it = begin; it != end; ++it) found.push_back(it->second);
  return found;
}

}  // namespace

TEST_CASE("base64 passes its test vectors") {
  for (const auto& [plain, coded] : std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                                                     {"f", "Zg=="},
                                                                                     {"fo", "Zm8="},
                                                                                     {"foo", "Zm9v"},
                                                                                     {"foob", "Zm9vYg=="},
                                                                                     {"fooba", "Zm9vYmE="},
                                                                                     {"foobar", "Zm9vYmFy"},
                                                                                     {"\xff\xfe", "//4="}}) {
    CHECK(base64_encoded(plain) == coded);
    CHECK(base64_decoded(coded) == plain);
  }
  CHECK(base64_decoded("Zm9vYg") == "foob");
  for (const char* bad : {"A", "Zm9v!", "Zm 9v", "=Zm9"}) CHECK_FALSE(base64_decoded(bad).has_value());
}

TEST_CASE("a token is fetched with the credentials, which are sent to the token server only") {
  TokenRig rig(kLogin);
  rig.read();
  const auto asked = rig.token_requests();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].parameter("service") == "reg");
  CHECK(scopes(asked[0]) == std::vector<std::string>{"repository:team/app:pull"});
  CHECK(asked[0].headers.find("Authorization") == kBasic);
  CHECK(rig.transport->requests().back().headers.find("Authorization") == "Bearer token-1");
  for (const HttpRequest& request : rig.transport->requests()) {
    if (request.path != "/token") CHECK(request.headers.find("Authorization") != kBasic);
  }
}

TEST_CASE("without credentials an anonymous token is fetched") {
  TokenRig rig;
  rig.read();
  REQUIRE(rig.token_requests().size() == 1);
  CHECK_FALSE(rig.token_requests()[0].headers.find("Authorization").has_value());
}

TEST_CASE("a token is used until shortly before it expires, also a very short one") {
  TokenRig rig;
  rig.read();
  rig.read();
  CHECK(rig.given == 1);
  rig.clock.pass(226s);  // 74 of 300 s are left, less than a quarter
  rig.read();
  CHECK(rig.given == 2);
  TokenRig fleeting;
  fleeting.expires_in = 0;
  fleeting.read();
  fleeting.read();
  CHECK(fleeting.given == 2);
  TokenRig silly;
  silly.expires_in = -5;
  silly.read();
  CHECK(silly.given == 1);
}

TEST_CASE("the renewal margin is a small part of every lifetime") {
  CHECK(renewal_margin(3600s) == 900s);
  CHECK(renewal_margin(120s) == 30s);
  CHECK(renewal_margin(60s) == 15s);
  CHECK(renewal_margin(2s) == 500ms);
  CHECK(renewal_margin(0s) == 0s);
}

TEST_CASE("each repository and access has its own token; a mount requests its source's scope, too") {
  TokenRig rig;
  MemoryTarget from;
  const Descriptor blob = from.add_blob("x", "application/octet-stream");
  rig.read();
  rig.repository().put_blob(blob, from, rig.progress, {});
  rig.repository("other/app").put_blob(blob, rig.repository(), rig.progress, {});
  std::vector<std::vector<std::string>> asked;
  for (const HttpRequest& request : rig.token_requests()) asked.push_back(scopes(request));
  CHECK(asked == std::vector<std::vector<std::string>>{{"repository:team/app:pull"},
                                                       {"repository:team/app:pull,push"},
                                                       {"repository:other/app:pull,push"},
                                                       {"repository:other/app:pull,push", "repository:team/app:pull"}});
}

TEST_CASE("a token that is refused is renewed once, then it is an error") {
  TokenRig rig;
  rig.accepted = "token-2";  // the first was revoked
  rig.read();
  CHECK(rig.given == 2);
  TokenRig never;
  never.accepted = "none";
  const Error error = error_of([&] { never.read(); });
  CHECK(error.code() == ErrorCode::Unauthorized);
  CHECK(never.given == 2);
  CHECK(never.count("HEAD") == 3);  // the first one found out that tokens are wanted
}

TEST_CASE("scopes of a challenge are requested in addition") {
  TokenRig rig;
  rig.accepted = "token-2";
  rig.challenge_scope = "repository:team/app:pull registry:catalog:*";
  rig.read();
  CHECK(scopes(rig.token_requests().at(1)) ==
        std::vector<std::string>{"repository:team/app:pull", "registry:catalog:*"});
}

TEST_CASE("an identity token is exchanged with POST, or with GET if the server has no POST") {
  const Environment environment{{"IMGPKG_REGISTRY_HOSTNAME", "reg.example"},
                                {"IMGPKG_REGISTRY_IDENTITY_TOKEN", "refresh&me"}};
  TokenRig rig({}, environment);
  rig.token_server = [](const HttpRequest&) { return HttpReply{200, {}, R"({"access_token":"token-x"})"}; };
  rig.read();
  REQUIRE(rig.token_requests().size() == 1);
  const HttpRequest post = rig.token_requests()[0];
  CHECK(post.method == "POST");
  CHECK(post.headers.find("Content-Type") == "application/x-www-form-urlencoded");
  CHECK(post.body ==
        "grant_type=refresh_token&client_id=ociferry&service=reg&scope=repository%3Ateam%2Fapp%3Apull"
        "&refresh_token=refresh%26me");
  CHECK(rig.transport->requests().back().headers.find("Authorization") == "Bearer token-x");
  TokenRig old({}, environment);
  old.token_server = [](const HttpRequest& request) {
    return request.method == "POST" ? std::optional(HttpReply{404}) : std::nullopt;
  };
  old.read();
  CHECK(old.token_requests().size() == 2);
}

TEST_CASE("a token of the user is sent to the registry unchanged") {
  TokenRig rig({.token = "mine"});
  rig.accepted = "mine";
  rig.read();
  CHECK(rig.token_requests().empty());
  rig.accepted = "other";
  CHECK(error_of([&] { rig.read(); }).code() == ErrorCode::Unauthorized);
}

TEST_CASE("a token server that refuses, fails or responds with garbage is named") {
  struct Row {
    HttpReply reply;
    ErrorCode code;
  };
  for (const Row& row :
       {Row{{401}, ErrorCode::Unauthorized}, Row{{403}, ErrorCode::Denied}, Row{{500}, ErrorCode::Network},
        Row{{200, {}, "secret-junk"}, ErrorCode::Unauthorized}, Row{{200, {}, "{}"}, ErrorCode::Unauthorized},
        Row{{200, {}, R"({"token":"a\r\nX: y"})"}, ErrorCode::Unauthorized},
        Row{{200, {}, std::string(limits::kTokenBytes + 1, ' ')}, ErrorCode::Hostile}}) {
    CAPTURE(row.reply.status);
    TokenRig rig;
    rig.token_server = [&](const HttpRequest&) { return row.reply; };
    const Error error = error_of([&] { rig.read(); });
    CHECK(error.code() == row.code);
    CHECK(error.message().find("secret-junk") == std::string::npos);
  }
}

TEST_CASE("a request to a busy token server is repeated") {
  TokenRig rig;
  int calls = 0;
  rig.token_server = [&](const HttpRequest&) { return ++calls < 3 ? std::optional(HttpReply{503}) : std::nullopt; };
  rig.read();
  CHECK(calls == 3);
}

TEST_CASE("a token server that redirects elsewhere does not take the credentials along") {
  TokenRig rig(kLogin);
  rig.token_server = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.headers.find("Authorization")) return HttpReply{307, {{"Location", "https://evil.example/token"}}};
    return std::nullopt;
  };
  rig.read();
  CHECK(rig.count("GET https://evil.example/token") == 1);
  CHECK_FALSE(rig.token_requests().back().headers.find("Authorization").has_value());
}

TEST_CASE("Basic credentials are sent when the registry requests them, and a refusal is final") {
  Rig rig(kLogin);
  std::string right = kBasic;
  rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.headers.find("Authorization") == right) return std::nullopt;
    return HttpReply{401, {{"WWW-Authenticate", "BASIC realm=\"x\""}}};
  };
  CHECK_FALSE(rig.repository().resolve("v1").has_value());
  CHECK(rig.transport->lines().size() == 2);
  right = "something else";
  const Error error = error_of([&] { static_cast<void>(rig.repository().resolve("v1")); });
  CHECK(error.code() == ErrorCode::Unauthorized);
  CHECK(error.hint_text().find("ociferry auth explain reg.example/team/app") != std::string::npos);
  CHECK(rig.transport->lines().size() == 3);
}

TEST_CASE("the first of Basic and Bearer is used, but Bearer without a password") {
  for (const bool has_password : {true, false}) {
    CAPTURE(has_password);
    TokenRig rig(has_password ? kLogin : RegistryOptions{});
    const auto tokens_only = rig.registry.intercept;
    rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.headers.find("Authorization") == kBasic) return std::nullopt;
      auto reply = tokens_only(request);
      const auto tokens = reply ? reply->headers.find("WWW-Authenticate") : std::nullopt;
      if (tokens) reply->headers.set("WWW-Authenticate", "Basic realm=\"x\", " + *tokens);
      return reply;
    };
    CHECK_FALSE(rig.repository().resolve("v1").has_value());
    CHECK(rig.token_requests().size() == (has_password ? 0U : 1U));
  }
}

TEST_CASE("a registry that requires credentials for some requests only gets them then") {
  Rig rig(kLogin);
  rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.path == "/v2/" || request.headers.find("Authorization") == kBasic) return std::nullopt;
    return HttpReply{401, {{"WWW-Authenticate", "Basic"}}};
  };
  for (int i = 0; i < 2; ++i) CHECK_FALSE(rig.repository().resolve("v1").has_value());
  CHECK(rig.count("HEAD") == 3);
}

TEST_CASE("a registry without a challenge gets no credentials") {
  Rig rig(kLogin);
  static_cast<void>(rig.repository().resolve("v1"));
  for (const HttpRequest& request : rig.transport->requests())
    CHECK_FALSE(request.headers.find("Authorization").has_value());
}

TEST_CASE("a storage server is not given the registry's token") {
  TokenRig rig(kLogin);
  const Descriptor blob = rig.registry.add_blob("team/app", "content");
  const auto registry = rig.registry.intercept;
  std::optional<HttpRequest> at_storage;
  rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.path == "/signed") {
      at_storage = request;
      return HttpReply{200, {}, "content"};
    }
    if (auto reply = registry(request)) return reply;
    if (request.path.find("/blobs/") == std::string::npos) return std::nullopt;
    return HttpReply{307, {{"Location", "https://storage.example/signed?X-Amz-Signature=s"}}};
  };
  static_cast<void>(rig.repository().open(blob, 0, {}));
  REQUIRE(at_storage.has_value());
  CHECK_FALSE(at_storage->headers.find("Authorization").has_value());
}
