#include "oci/manifest.hpp"
#include "registry/repository.hpp"
#include "store/memory_target.hpp"
#include "stream/sha256.hpp"
#include "support/rig.hpp"

// Registries, and proxies before them, that do not answer HEAD.

using namespace ociferry;
using testing::HttpReply;
using testing::HttpRequest;
using testing::Rig;

namespace {

void refuse_head(Rig& rig, int status, const std::string& part) {
  rig.registry.intercept = [=](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.method != "HEAD" || request.path.find(part) == std::string::npos) return std::nullopt;
    return HttpReply{status};
  };
}

}  // namespace

TEST_CASE("a registry without HEAD for manifests is asked by HEAD once, for all repositories") {
  for (const int status : {405, 501}) {
    CAPTURE(status);
    Rig rig;
    refuse_head(rig, status, "/manifests/");
    for (const char* repository : {"team/app", "team/other", "team/app"}) {
      const Digest digest = rig.registry.add_manifest(repository, "{}", std::string(media_type::kOciManifest), "v1");
      CHECK(rig.repository(repository).resolve("v1") == digest);
    }
    CHECK(rig.count("HEAD") == 1);
    CHECK(rig.count("GET https://reg.example/v2/team/") == 3);
    // Blobs are another matter, and so is another registry.
    CHECK(rig.repository().has_blob(rig.registry.add_blob("team/app", "x")));
    CHECK(rig.repository("team/app", "other.example").resolve("v1").has_value());
    CHECK(rig.count("HEAD") == 3);
  }
}

TEST_CASE("a registry without HEAD for blobs is asked by HEAD once, and still gets blobs") {
  for (const int status : {405, 501}) {
    CAPTURE(status);
    Rig rig;
    refuse_head(rig, status, "/blobs/");
    rig.registry.mounts = false;
    MemoryTarget from;
    for (const char* content : {"one", "two", "three"}) {
      const Descriptor blob = from.add_blob(content, "application/octet-stream");
      CHECK(rig.repository().put_blob(blob, from, rig.progress, {}) == BlobOutcome::Written);
      CHECK(rig.registry.has_blob("team/app", blob.digest));
    }
    CHECK(rig.count("HEAD") == 1);
  }
}

TEST_CASE("a single failure of HEAD is not remembered") {
  Rig rig;
  rig.answer_first(1, "HEAD", "/manifests/", HttpReply{404});
  for (int i = 0; i < 3; ++i) CHECK_FALSE(rig.repository().resolve("v1").has_value());
  CHECK(rig.count("HEAD") == 3);
}

TEST_CASE("a HEAD that finds nothing is checked by GET for manifests that were just put or are needed") {
  Rig rig;
  refuse_head(rig, 404, "/manifests/");
  const std::string image =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";
  const Descriptor descriptor{std::string(media_type::kOciIndex), sha256(image), image.size()};
  rig.registry.add_manifest("team/other", image, descriptor.media_type, "v1");
  // As before: what nobody has put may well be absent, and costs one request.
  CHECK_FALSE(rig.repository("team/other").resolve("v1"));
  CHECK(rig.count("GET https://reg.example/v2/team/") == 0);
  Repository& repository = rig.repository();
  repository.put_manifest({descriptor, image}, "v1");
  CHECK(repository.resolve("v1") == descriptor.digest);
  const auto heads = rig.count("HEAD");
  // Now it is known of the registry.
  CHECK(repository.resolve("v1") == descriptor.digest);
  CHECK(rig.repository("team/other").resolve("v1") == descriptor.digest);
  CHECK_FALSE(rig.repository("team/other").resolve("v2"));
  CHECK(rig.count("HEAD") == heads);
}

TEST_CASE("HEAD is still used after a replica lacked a manifest for a moment") {
  Rig rig;
  const Digest digest = rig.registry.add_manifest("team/app", "{}", std::string(media_type::kOciManifest), "v1");
  rig.answer_first(1, "HEAD", "/manifests/", HttpReply{404});
  CHECK(rig.repository().resolve_needed("v1") == digest);
  CHECK_FALSE(rig.repository().resolve_needed("v2"));
  const auto heads = rig.count("HEAD");
  CHECK(rig.repository().resolve("v1") == digest);
  CHECK(rig.count("HEAD") == heads + 1);
}
