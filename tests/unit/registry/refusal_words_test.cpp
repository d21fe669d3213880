#include "registry/refusal_words.hpp"

#include <doctest/doctest.h>

#include "oci/manifest.hpp"
#include "registry/limits.hpp"
#include "store/memory_target.hpp"
#include "stream/sha256.hpp"
#include "support/rig.hpp"

// What servers say about a refusal reaches the user, in whatever form they say it.

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::registry_error_reply;
using testing::Rig;

namespace {

struct Said {
  const char* who;
  const char* body;
  const char* type;
  const char* shown;
};

constexpr Said kSaid[] = {
    {"Quay", R"({"errors":[{"code":"MANIFEST_INVALID","detail":{"message":"'x' is not one of [...]"},
                 "message":"manifest invalid"}]})",
     "application/json", "MANIFEST_INVALID: manifest invalid: 'x' is not one of [...]"},
    {"zot", R"({"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid",
                "detail":{"description":"unsupported media type"}}]})",
     "application/json", "MANIFEST_INVALID: manifest invalid: unsupported media type"},
    {"distribution", R"({"errors":[{"code":"UNKNOWN","message":"unknown error","detail":"invalid URL on layer"}]})",
     "application/json", "UNKNOWN: unknown error: invalid URL on layer"},
    {"distribution, disk full", R"({"errors":[{"code":"UNKNOWN","message":"unknown error",
                                    "detail":{"DriverName":"filesystem","Enclosed":{"Op":"mkdir","Err":28}}}]})",
     "application/json", R"(UNKNOWN: unknown error: {"DriverName":"filesystem","Enclosed":{"Op":"mkdir","Err":28}})"},
    {"distribution, no such tag", R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown",
                                      "detail":{"Tag":"v1"}}]})",
     "application/json", "MANIFEST_UNKNOWN: manifest unknown"},
    {"Artifactory", R"({"errors":[{"status":403,"message":"rejected by the policy of Xray"}]})", "application/json",
     "rejected by the policy of Xray"},
    {"a word once only", R"({"errors":[{"code":"DENIED","message":"quota","detail":"quota"}]})", "application/json",
     "DENIED: quota"},
    {"error", R"({"error":"storage quota exceeded"})", "application/json", "storage quota exceeded"},
    {"error as an object", R"({"error":{"code":"Denied","message":"no"}})", "", "Denied: no"},
    {"OAuth", R"({"error":"invalid_grant","error_description":"expired"})", "application/json",
     "expired: invalid_grant"},
    {"message", R"({"message":"read-only during maintenance"})", "application/json", "read-only during maintenance"},
    {"Docker Hub's token server", R"({"details":"incorrect username or password"})", "application/json",
     "incorrect username or password"},
    {"problem+json", R"({"title":"Quota","detail":"quota exceeded","status":400})", "application/problem+json",
     "quota exceeded: Quota"},
    {"JSON text", R"("no")", "application/json", "no"},
    {"S3", R"(<?xml version="1.0"?><Error><Code>RequestTimeTooSkewed</Code><Message>Too large.</Message></Error>)",
     "application/xml", "RequestTimeTooSkewed: Too large."},
    {"text", " disk is full\n", "text/plain", "disk is full"},
    {"text without a type", "disk is full", "", "disk is full"},
    {"a web page", "<html><body>no</body></html>", "text/html", ""},
    {"a firewall's page", "<html><head><title>403 Blocked by ACME</title></head>no</html>", "text/html; charset=utf-8",
     "a web page: 403 Blocked by ACME"},
    {"a web page without a type", "<html><body>no</body></html>", "", ""},
    {"bytes", "\xff\xfe", "", ""},
    {"another type", "GIF89a", "image/gif", ""},
    {"half of a JSON", R"({"errors":[{"code":)", "application/json", ""},
    {"null", R"({"errors":null,"message":null})", "application/json", ""},
};

}  // namespace

TEST_CASE("the text of a refusal is found in all forms of error bodies") {
  for (const Said& said : kSaid) {
    CAPTURE(said.who);
    Response answer{400, {}, said.body};
    if (*said.type != 0) answer.headers.set("Content-Type", said.type);
    CHECK(refusal_words(answer) == said.shown);
  }
}

TEST_CASE("the text of a refusal is truncated, redacted and escaped") {
  const auto words = [](std::string body) { return refusal_words({400, {}, std::move(body)}); };
  CHECK(words(R"({"errors":[{"code":"C","detail":")" + std::string(5000, 'x') + R"("}]})").size() <=
        limits::kErrorTextShown + 10);
  CHECK(words(R"({"detail":"see https://s3.example/b?X-Amz-Signature=0123abcd"})").find("0123abcd") ==
        std::string::npos);
  CHECK(words("<Error><Code>\x1b[31m</Code></Error>").find('\x1b') == std::string::npos);
  std::string deep;
  for (int i = 0; i < 30; ++i) deep += R"({"error":)";
  CHECK(words(deep + "1" + std::string(30, '}')).empty());
}

TEST_CASE("each kind of refusal has its own hint") {
  using enum RefusalKind;
  CHECK(refusal_kind(507, "", true) == NoSpace);
  CHECK(refusal_kind(500, R"(UNKNOWN: unknown error: {"Enclosed":{"Op":"mkdir","Err":28}})", true) == NoSpace);
  CHECK(refusal_kind(500, "write /var: no space left on device", true) == NoSpace);
  CHECK(refusal_kind(403, "DENIED: will exceed the configured upper limit of 1 GiB", true) == Quota);
  CHECK(refusal_kind(429, "quota of requests exceeded", true) == Unknown);
  CHECK(refusal_kind(405, "UNSUPPORTED", true) == ReadOnly);
  CHECK(refusal_kind(405, "UNSUPPORTED", false) == Unknown);
  CHECK(refusal_kind(503, "System is currently read-only", true) == ReadOnly);
  CHECK(refusal_kind(400, "configured as Immutable", true) == Immutable);
  CHECK(refusal_kind(412, "", false) == Policy);
  CHECK(refusal_kind(403, "blocked by Xray", false) == Policy);
  CHECK(refusal_kind(403, "DENIED", false) == Unknown);
  // Amazon ECR: a matter of rights, not of signatures.
  CHECK(refusal_kind(403, "no identity-based policy allows the ecr:InitiateLayerUpload action", true) == Unknown);
  for (const RefusalKind kind : {NoSpace, Quota, ReadOnly, Immutable, Policy})
    CHECK_FALSE(refusal_hint(kind, "h").empty());
  CHECK(refusal_hint(Unknown, "h").empty());
}

TEST_CASE("a refused HEAD is repeated as GET, which has the reason") {
  for (const int status : {400, 403, 412}) {
    CAPTURE(status);
    Rig rig;
    rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.path.find("/manifests/") == std::string::npos) return std::nullopt;
      if (request.method == "HEAD") return HttpReply{status};
      return registry_error_reply(status, "PROJECTPOLICYVIOLATION", "The image is not signed.");
    };
    const Error error = error_of([&] { static_cast<void>(rig.repository().resolve("v1")); });
    CHECK(error.message().find("The image is not signed.") != std::string::npos);
    CHECK(error.code() == ErrorCode::Denied);
  }
}

TEST_CASE("a registry that refuses HEAD alone is not a failure") {
  Rig rig;
  const Digest digest = rig.registry.add_manifest("team/app", "{}", std::string(media_type::kOciManifest), "v1");
  rig.answer_first(1, "HEAD", "/manifests/", HttpReply{403});
  CHECK(rig.repository().resolve("v1") == digest);
}

TEST_CASE("a full disk or an exceeded quota at the registry is not a passing failure of the network") {
  for (const HttpReply& reply : {registry_error_reply(507, "UNKNOWN"), registry_error_reply(500, "UNKNOWN", "ENOSPC"),
                                 registry_error_reply(400, "DENIED", "quota exceeded")}) {
    Rig rig;
    MemoryTarget from;
    const Descriptor blob = from.add_blob("content", "application/octet-stream");
    rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
      return request.method == "POST" ? std::optional(reply) : std::nullopt;
    };
    const Error error = error_of([&] { static_cast<void>(rig.repository().put_blob(blob, from, rig.progress, {})); });
    CHECK(error.code() == ErrorCode::Refused);
    CHECK_FALSE(error.hint_text().empty());
  }
}

TEST_CASE("NotFound has the registry's own message and the URL") {
  Rig rig;
  rig.answer_first(1, "GET", "/manifests/", registry_error_reply(404, "NAME_UNKNOWN", "repository name not known"));
  const Error error = rig.repository().absence("v1");
  CHECK(error.code() == ErrorCode::NotFound);
  CHECK(error.message() ==
        "GET https://reg.example/v2/team/app/manifests/v1: answered 404 (NAME_UNKNOWN: repository name not known)");
}

TEST_CASE("a refused layer with URLs is not taken for a lost blob") {
  Rig rig;
  const Descriptor blob = rig.registry.add_blob("team/app", "{}");
  const auto described = [&](const std::string& type, const std::string& more) {
    return R"({"mediaType":")" + type + R"(","digest":")" + blob.digest.text() + R"(","size":2)" + more + "}";
  };
  const std::string layer(media_type::kOciLayerGzip);
  const auto put = [&](const std::string& more, const std::string& errors) {
    const std::string bytes = R"({"schemaVersion":2,"config":)" + described(std::string(media_type::kOciConfig), "") +
                              R"(,"layers":[)" + described(layer, more) + "]}";
    rig.answer_first(1, "PUT", "/manifests/", {400, {}, R"({"errors":[)" + errors + "]}"});
    return error_of([&] {
      rig.repository().put_manifest({{std::string(media_type::kOciManifest), sha256(bytes), bytes.size()}, bytes},
                                    "v1");
    });
  };
  const std::string urls = R"(,"urls":["https://cdn.example/x"])";
  const std::string lost = R"({"code":"MANIFEST_BLOB_UNKNOWN","detail":{"digest":")" + blob.digest.text() + R"("}})";
  const std::string invalid = R"({"code":"UNKNOWN","message":"unknown error","detail":{}},)";
  const Error refused = put(urls, invalid + lost);
  CHECK(refused.code() == ErrorCode::Refused);
  CHECK(refused.hint_text().find("URLs") != std::string::npos);
  CHECK(put(urls, lost).code() == ErrorCode::Unstable);
  CHECK(put("", invalid + lost).code() == ErrorCode::Unstable);
}

TEST_CASE("a manifest is sent and read with the media type of its bytes") {
  Rig rig;
  const std::string bytes = R"({"schemaVersion":2,"config":{"mediaType":")" + std::string(media_type::kOciConfig) +
                            R"(","digest":")" + sha256("{}").text() + R"(","size":2},"layers":[]})";
  rig.registry.add_blob("team/app", "{}");
  rig.repository().put_manifest({{std::string(media_type::kDockerManifest), sha256(bytes), bytes.size()}, bytes}, "v1");
  CHECK(rig.transport->requests().back().headers.find("Content-Type") == std::string(media_type::kOciManifest));
  for (const std::string& type : {std::string(media_type::kDockerManifest), std::string(media_type::kOciIndex),
                                  std::string("application/json"), std::string()}) {
    CAPTURE(type);
    rig.answer_first(1, "GET", "/manifests/", {200, {{"Content-Type", type}}, bytes});
    CHECK(rig.repository().manifest("v1")->descriptor.media_type == media_type::kOciManifest);
  }
}
