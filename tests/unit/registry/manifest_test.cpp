#include "oci/json.hpp"
#include "oci/limits.hpp"
#include "stream/sha256.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::registry_error_reply;
using testing::Rig;

namespace {

const std::string kType(media_type::kOciIndex);
const std::string kBytes = R"({"schemaVersion":2,"mediaType":")" + kType + R"(","manifests":[]})";
const Digest kDigest = sha256(kBytes);
const RawManifest kManifest{{kType, kDigest, kBytes.size()}, kBytes};

HttpReply manifest_reply(const std::string& bytes, const std::string& type = kType) {
  return {200, {{"Content-Type", type}}, bytes};
}

}  // namespace

TEST_CASE("a manifest is requested in OCI's and Docker's formats") {
  Rig rig;
  rig.registry.add_manifest("team/app", kBytes, kType, "v1");
  REQUIRE(rig.repository().manifest("v1").has_value());
  const auto requests = rig.transport->requests();
  const std::string accept = requests.back().headers.find("Accept").value_or("");
  for (const auto type : {media_type::kOciManifest, media_type::kOciIndex, media_type::kDockerManifest,
                          media_type::kDockerManifestList}) {
    CHECK(accept.find(type) != std::string::npos);
  }
}

TEST_CASE("a manifest's type comes from the header, else from its body") {
  struct Row {
    const char* header;
    const char* body;
    std::string_view type;
  };
  for (const Row& row :
       {Row{"application/vnd.oci.image.index.v1+json; charset=utf-8", R"({"manifests":[]})", media_type::kOciIndex},
        Row{"Application/Vnd.OCI.image.manifest.v1+json", R"({})", media_type::kOciManifest},
        Row{"application/json", R"({"mediaType":"application/vnd.docker.distribution.manifest.v2+json"})",
            media_type::kDockerManifest},
        Row{"", R"({"manifests":[]})", media_type::kOciIndex},
        Row{"text/plain", R"({"layers":[]})", media_type::kOciManifest}}) {
    CAPTURE(row.header);
    Rig rig;
    rig.answer_first(1, "GET", "/manifests/", manifest_reply(row.body, row.header));
    CHECK(rig.repository().manifest("v1")->descriptor.media_type == row.type);
  }
}

TEST_CASE("a web page or garbage in place of a manifest is an error") {
  Rig rig;
  rig.answer_first(1, "GET", "/manifests/", manifest_reply("<html>", "text/html"));
  CHECK(error_of([&] { static_cast<void>(rig.repository().manifest("v1")); }).message().find("web page") !=
        std::string::npos);
  rig.answer_first(1, "GET", "/manifests/", manifest_reply("junk", "application/json"));
  CHECK(error_of([&] { static_cast<void>(rig.repository().manifest("v1")); }).code() == ErrorCode::Hostile);
}

TEST_CASE("a manifest whose bytes do not match its digest is requested once more, then refused") {
  Rig once;
  once.registry.add_manifest("team/app", kBytes, kType);
  once.answer_first(1, "GET", "/manifests/", manifest_reply(kBytes + " "));
  CHECK(once.repository().manifest(kDigest.text())->bytes == kBytes);
  Rig always;
  always.answer_first(100, "GET", "/manifests/", manifest_reply(kBytes + " "));
  const Error error = error_of([&] { static_cast<void>(always.repository().manifest(kDigest.text())); });
  CHECK(error.code() == ErrorCode::Corrupt);
  CHECK(error.message().find(kDigest.text()) != std::string::npos);
  CHECK(error.message().find(sha256(kBytes + " ").text()) != std::string::npos);
  CHECK(always.count("GET https://reg.example/v2/team/app/manifests/") == 2);
}

TEST_CASE("Docker-Content-Digest is compared, and may be absent") {
  Rig rig;
  rig.answer_first(1, "GET", "/manifests/", manifest_reply(kBytes));
  CHECK(rig.repository().manifest("v1")->descriptor.digest == kDigest);
  HttpReply lying = manifest_reply(kBytes);
  lying.headers.set("Docker-Content-Digest", sha256("other").text());
  rig.answer_first(2, "GET", "/manifests/", lying);
  const Error error = error_of([&] { static_cast<void>(rig.repository().manifest("v1")); });
  CHECK(error.code() == ErrorCode::Corrupt);
  CHECK(error.message().find("but the registry (Docker-Content-Digest) says " + sha256("other").text()) !=
        std::string::npos);
  CHECK(error.hint_text().find("have the image pushed there again") != std::string::npos);
}

TEST_CASE("a sha512 digest is verified") {
  Rig rig;
  const Digest digest = digest_of(kBytes, "sha512");
  rig.answer_first(1, "GET", "/manifests/", manifest_reply(kBytes));
  CHECK(rig.repository().manifest(digest.text())->descriptor.digest == digest);
}

TEST_CASE("a manifest above the size limit is not read") {
  Rig rig;
  rig.answer_first(1, "GET", "/manifests/", manifest_reply(std::string(limits::kManifestBytes + 1, ' ')));
  CHECK(error_of([&] { static_cast<void>(rig.repository().manifest("v1")); }).code() == ErrorCode::Hostile);
}

TEST_CASE("an absent manifest is nullopt; a denied one is an error") {
  Rig rig;
  CHECK_FALSE(rig.repository().manifest("v1").has_value());
  rig.answer_first(1, "GET", "/manifests/", registry_error_reply(404, "NAME_UNKNOWN"));
  CHECK_FALSE(rig.repository().manifest("v1").has_value());
  rig.answer_first(1, "GET", "/manifests/", registry_error_reply(403, "DENIED", "no access"));
  const Error denied = error_of([&] { static_cast<void>(rig.repository().manifest("v1")); });
  CHECK(denied.code() == ErrorCode::Denied);
  CHECK(denied.message().find("DENIED: no access") != std::string::npos);
  rig.answer_first(1, "HEAD", "/manifests/", {401});
  CHECK(error_of([&] { static_cast<void>(rig.repository().resolve("v1")); }).code() == ErrorCode::Unauthorized);
}

TEST_CASE("a tag is resolved by HEAD if that is enough, else by GET") {
  Rig rig;
  rig.registry.add_manifest("team/app", kBytes, kType, "v1");
  CHECK(rig.repository().resolve("v1") == kDigest);
  CHECK(rig.count("GET https://reg.example/v2/team/app/") == 0);
  rig.answer_first(1, "HEAD", "/manifests/", {200, {{"Docker-Content-Digest", kDigest.text()}}});
  CHECK(error_of([&] { static_cast<void>(rig.repository().resolve(sha256("x").text())); }).code() ==
        ErrorCode::Corrupt);
  rig.answer_first(1, "HEAD", "/manifests/", {200});
  CHECK(rig.repository().resolve("v1") == kDigest);
  CHECK(rig.count("GET https://reg.example/v2/team/app/") == 1);
}

TEST_CASE("a manifest is put with its own type and bytes, and again after a transient failure") {
  Rig rig;
  rig.answer_first(2, "PUT", "/manifests/", {502});
  rig.repository().put_manifest(kManifest, "v1");
  CHECK(rig.registry.tag("team/app", "v1") == kDigest);
  const HttpRequest put = rig.transport->requests().back();
  CHECK(put.headers.find("Content-Type") == kType);
  CHECK(put.body == kBytes);
  CHECK(rig.count("PUT") == 3);
}

TEST_CASE("an immutable tag is a success if it is right, else a refusal with both digests") {
  // As ECR, Harbor, Docker Hub, Artifact Registry and Quay are known to say it.
  for (const HttpReply& refusal :
       {registry_error_reply(400, "TAG_INVALID", "The image tag 'v1' already exists and is immutable."),
        registry_error_reply(412, "PRECONDITION", "configured as immutable"), registry_error_reply(403, "DENIED"),
        HttpReply{400, {{"Content-Type", "text/plain"}}, "cannot update tag v1"}, HttpReply{409}}) {
    CAPTURE(refusal.status);
    Rig right;
    right.registry.add_manifest("team/app", kBytes, kType, "v1");
    right.answer_first(1, "PUT", "/manifests/", refusal);
    right.repository().put_manifest(kManifest, "v1");
    Rig wrong;
    wrong.registry.add_manifest("team/app", "{}", kType, "v1");
    wrong.answer_first(1, "PUT", "/manifests/", refusal);
    const Error error = error_of([&] { wrong.repository().put_manifest(kManifest, "v1"); });
    CHECK(error.code() == ErrorCode::Refused);
    CHECK(error.message().find("reg.example/team/app:v1 points to " + sha256("{}").text()) != std::string::npos);
    CHECK(error.message().find("cannot be moved to " + kDigest.text()) != std::string::npos);
  }
}

TEST_CASE("a tag that may not be created is not taken for an immutable one") {
  Rig absent;
  absent.answer_first(1, "PUT", "/manifests/", registry_error_reply(403, "DENIED"));
  CHECK(error_of([&] { absent.repository().put_manifest(kManifest, "v1"); }).code() == ErrorCode::Denied);
  Rig stranger;
  stranger.registry.add_manifest("team/app", "{}", kType, "v1");
  stranger.answer_first(9, "PUT", "/manifests/", HttpReply{401});
  CHECK(error_of([&] { stranger.repository().put_manifest(kManifest, "v1"); }).code() == ErrorCode::Unauthorized);
}

TEST_CASE("a refused manifest under its digest is an error without further requests") {
  Rig rig;
  rig.answer_first(1, "PUT", "/manifests/", registry_error_reply(400, "MANIFEST_INVALID", "bad"));
  const Error error = error_of([&] { rig.repository().put_manifest(kManifest, kDigest.text()); });
  CHECK(error.code() == ErrorCode::Refused);
  CHECK(error.message().find("MANIFEST_INVALID: bad") != std::string::npos);
  CHECK(rig.count("HEAD") == 0);
}

TEST_CASE("a registry that lost a blob is Unstable") {
  Rig rig;
  rig.answer_first(1, "PUT", "/manifests/", registry_error_reply(404, "MANIFEST_BLOB_UNKNOWN"));
  CHECK(error_of([&] { rig.repository().put_manifest(kManifest, "v1"); }).code() == ErrorCode::Unstable);
}

TEST_CASE("a registry that stores another manifest is detected") {
  Rig rig;
  rig.answer_first(1, "PUT", "/manifests/", {201, {{"Docker-Content-Digest", sha256("other").text()}}});
  CHECK(error_of([&] { rig.repository().put_manifest(kManifest, "v1"); }).code() == ErrorCode::Corrupt);
}

TEST_CASE("a web page in response to a PUT is no success, unless the registry has the manifest") {
  Rig rig;
  const HttpReply page{200, {{"Content-Type", "text/html"}}, "<html>Log in"};
  rig.answer_first(1, "PUT", "/manifests/", page);
  const Error error = error_of([&] { rig.repository().put_manifest(kManifest, "v1"); });
  CHECK(error.code() == ErrorCode::Network);
  CHECK(error.message().find("answered with a web page") != std::string::npos);
  rig.registry.add_manifest("team/app", kBytes, kType, "v1");
  rig.answer_first(1, "PUT", "/manifests/", page);
  CHECK_NOTHROW(rig.repository().put_manifest(kManifest, "v1"));
}

TEST_CASE("a refusal without a reason has the hint to try what the registry accepts") {
  Rig rig;
  rig.answer_first(1, "PUT", "/manifests/", {400});
  CHECK(error_of([&] { rig.repository().put_manifest(kManifest, kDigest.text()); }).hint_text() ==
        "`ociferry probe reg.example/team/app --write` tries what this registry takes");
}

TEST_CASE("an image of Docker's schema 1 is refused as such, although its digest covers only a part") {
  Rig rig;
  const std::string signed_type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
  rig.answer_first(2, "GET", "/manifests/", {200, {{"Content-Type", signed_type}}, R"({"schemaVersion":1})"});
  const Error error = error_of([&] { static_cast<void>(rig.repository().manifest(sha256("payload").text())); });
  CHECK(error.code() == ErrorCode::Hostile);
  CHECK(error.message().find("schema 1") != std::string::npos);
}

TEST_CASE("a blob is detected by HEAD, or by its last byte if HEAD is not supported") {
  const auto is_blob = [](int head_status, const Descriptor& content) {
    Rig rig;
    rig.registry.add_blob("team/app", "layer");
    if (head_status != 0) rig.answer_first(9, "HEAD", "/blobs/", {head_status});
    return rig.repository().is_blob(content);
  };
  const Descriptor there{.media_type = "application/x", .digest = sha256("layer"), .size = 5};
  const Descriptor absent{.media_type = "application/x", .digest = sha256("other"), .size = 5};
  for (const int head : {0, 405}) {
    CAPTURE(head);
    CHECK(is_blob(head, there));
    CHECK_FALSE(is_blob(head, absent));
  }
}
