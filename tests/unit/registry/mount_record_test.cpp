#include "base/sizes.hpp"
#include "base/text.hpp"
#include "store/memory_target.hpp"
#include "support/rig.hpp"

// Mounts of blobs from the repository that they are for: one request that asks and opens the upload.

using namespace ociferry;
using testing::HttpReply;
using testing::HttpRequest;
using testing::Rig;

namespace {

/// Blobs that are put into one repository, one after the other.
struct Uploads {
  Rig rig;
  MemoryTarget from;
  int made = 0;

  BlobOutcome put(const Descriptor& blob) { return rig.repository().put_blob(blob, from, rig.progress, {}); }
  Descriptor next() { return from.add_blob(text::cat("content ", ++made), "application/octet-stream"); }
  void put_new(int count) {
    for (int i = 0; i < count; ++i) {
      const Descriptor blob = next();
      CHECK(put(blob) == BlobOutcome::Written);
      CHECK(rig.registry.has_blob("team/app", blob.digest));
    }
  }
  /// Puts a blob that the registry has.
  BlobOutcome put_existing() {
    const Descriptor blob = next();
    rig.registry.add_blob("team/app", text::cat("content ", made));
    return put(blob);
  }
  [[nodiscard]] std::size_t mounts() const {
    return rig.count("POST https://reg.example/v2/team/app/blobs/uploads/?mount");
  }
};

}  // namespace

TEST_CASE("after a trial, a new blob takes two requests and one that is there takes one") {
  Uploads uploads;
  uploads.put_new(3);
  CHECK(uploads.rig.count("HEAD") == 3);
  CHECK(uploads.mounts() == 2);
  uploads.put_new(21);
  CHECK(uploads.rig.count("HEAD") == 3);
  CHECK(uploads.rig.count("POST") == 25);
  CHECK(uploads.rig.count("PUT") == 24);
  CHECK(uploads.put_existing() == BlobOutcome::Existed);
  CHECK(uploads.rig.count("POST") == 26);
  CHECK(uploads.rig.count("PUT") == 24);
}

TEST_CASE("the trial waits for a small blob") {
  Uploads uploads;
  for (char content = 'a'; content < 'e'; ++content) {
    const Descriptor large = uploads.from.add_blob(std::string(kMiB + 1, content), "application/octet-stream");
    CHECK(uploads.put(large) == BlobOutcome::Written);
  }
  CHECK(uploads.mounts() == 0);
  uploads.put_new(1);
  CHECK(uploads.mounts() == 2);
  uploads.put_new(1);
  CHECK(uploads.rig.count("HEAD") == 5);
}

TEST_CASE("a registry that ignores mounts is asked by HEAD, so that existing blobs are not sent again") {
  Uploads uploads;
  uploads.rig.registry.mounts = false;
  uploads.put_new(10);
  CHECK(uploads.put_existing() == BlobOutcome::Existed);
  CHECK(uploads.rig.count("HEAD") == 11);
  CHECK(uploads.rig.count("PUT") == 10);
  CHECK(uploads.mounts() == 2);
  CHECK(uploads.rig.count("DELETE") == 1);  // the session that the trial left
}

TEST_CASE("a registry that confirms every mount is asked by HEAD") {
  Uploads uploads;
  uploads.rig.registry.intercept = [](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.parameter("mount").empty()) return std::nullopt;
    return HttpReply{201};
  };
  uploads.put_new(10);
  CHECK(uploads.rig.count("HEAD") == 10);
  CHECK(uploads.mounts() == 1);
}

TEST_CASE("a mount that fails is tried again") {
  for (const int status : {403, 500}) {
    CAPTURE(status);
    Uploads uploads;
    uploads.put_new(5);
    uploads.rig.answer_first(1, "POST", "/blobs/uploads/", HttpReply{status});
    CHECK(uploads.put_existing() == BlobOutcome::Existed);
    CHECK(uploads.rig.count("HEAD") == 4);
    uploads.put_new(1);
    CHECK(uploads.rig.count("HEAD") == 4);
  }
}

TEST_CASE("the result of a trial is used for all repositories of the registry, and checked once in each") {
  Uploads uploads;
  uploads.put_new(3);
  Repository& other = uploads.rig.repository("team/other");
  CHECK(other.put_blob(uploads.next(), uploads.from, uploads.rig.progress, {}) == BlobOutcome::Written);
  CHECK(uploads.rig.count("HEAD") == 3);
  for (int i = 0; i < 2; ++i) {
    const Descriptor there = uploads.next();
    uploads.rig.registry.add_blob("team/other", text::cat("content ", uploads.made));
    CHECK(other.put_blob(there, uploads.from, uploads.rig.progress, {}) == BlobOutcome::Existed);
    CHECK(uploads.rig.count("HEAD") == 4);
  }
}

TEST_CASE("a repository that confirms every mount is asked by HEAD, although others are not") {
  Uploads uploads;
  uploads.put_new(3);
  uploads.rig.registry.intercept = [](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.parameter("mount").empty()) return std::nullopt;
    return HttpReply{201};
  };
  Repository& other = uploads.rig.repository("team/other");
  for (int i = 0; i < 3; ++i) {
    const Descriptor blob = uploads.next();
    CHECK(other.put_blob(blob, uploads.from, uploads.rig.progress, {}) == BlobOutcome::Written);
    CHECK(uploads.rig.registry.has_blob("team/other", blob.digest));
  }
}
