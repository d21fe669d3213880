#include "oci/manifest.hpp"
#include "store/memory_target.hpp"
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

TEST_CASE("a registry that does not answer HEAD for manifests is asked so once, whatever the repository") {
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

TEST_CASE("a registry that does not answer HEAD for blobs still gets them, and is asked so once") {
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

TEST_CASE("what HEAD is answered once and by accident is not remembered") {
  Rig rig;
  rig.answer_first(1, "HEAD", "/manifests/", HttpReply{404});
  for (int i = 0; i < 3; ++i) CHECK_FALSE(rig.repository().resolve("v1").has_value());
  CHECK(rig.count("HEAD") == 3);
}
