#include "store/memory_target.hpp"
#include "support/rig.hpp"

// Mounts that a registry answers with "not now": what is asked for in their place would meet the same limit.

using namespace ociferry;
using testing::HttpReply;
using testing::HttpRequest;
using testing::Rig;

namespace {

const std::string kMountedContent(100'000, 'm');
const std::string kMounts = "POST https://reg.example/v2/team/app/blobs/uploads/?mount";

/// A blob that another repository of the registry has.
struct Mount {
  Rig rig;
  Descriptor blob = rig.registry.add_blob("source/app", kMountedContent);

  explicit Mount(RegistryOptions options = {}) : rig(std::move(options)) {}
  BlobOutcome run(std::stop_token stop = {}) {
    return rig.repository().put_blob(blob, rig.repository("source/app"), rig.progress, std::move(stop));
  }
};

HttpReply not_now(int status, const char* seconds) { return {status, {{"Retry-After", seconds}}}; }

}  // namespace

TEST_CASE("a blob is mounted after the registry's Retry-After, and not uploaded instead") {
  for (const int status : {429, 503}) {
    CAPTURE(status);
    Mount mount;
    mount.rig.answer_first(2, "POST", "/blobs/uploads/", not_now(status, "3"));
    CHECK(mount.run() == BlobOutcome::Mounted);
    CHECK(mount.rig.count("POST") == 3);
    CHECK(mount.rig.count("PUT") == 0);
    CHECK(mount.rig.clock.sleeps().size() == 2);
  }
}

TEST_CASE("a pause after a mount holds for all requests to the registry, and vice versa") {
  Mount mount;
  std::stop_source stop;
  mount.rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.method != "POST") return std::nullopt;
    stop.request_stop();
    return not_now(429, "7");
  };
  // The first is interrupted rather than wait, so that the next one finds the pause as another thread would.
  CHECK(testing::error_of([&] { static_cast<void>(mount.run(stop.get_token())); }).code() == ErrorCode::Interrupted);
  const auto until = mount.rig.clock.now() + std::chrono::seconds{7};
  bool too_early = false;
  mount.rig.registry.intercept = [&](const HttpRequest&) -> std::optional<HttpReply> {
    too_early = too_early || mount.rig.clock.now() < until;
    return std::nullopt;
  };
  CHECK(mount.run() == BlobOutcome::Mounted);
  CHECK_FALSE(too_early);
}

TEST_CASE("a mount from the repository itself is repeated after a pause, and not replaced by HEAD") {
  Rig rig;
  MemoryTarget from;
  for (const char* content : {"one", "two", "three"}) {  // the trial that shows what such mounts tell
    static_cast<void>(
        rig.repository().put_blob(from.add_blob(content, "application/octet-stream"), from, rig.progress, {}));
  }
  const std::size_t heads = rig.count("HEAD");
  const std::size_t mounts = rig.count(kMounts);
  rig.answer_first(1, "POST", "/blobs/uploads/", not_now(429, "7"));
  CHECK(rig.repository().put_blob(from.add_blob("four", "application/octet-stream"), from, rig.progress, {}) ==
        BlobOutcome::Written);
  CHECK(rig.count("HEAD") == heads);
  CHECK(rig.count(kMounts) == mounts + 2);
  CHECK(rig.clock.sleeps().size() == 1);
}

TEST_CASE("a mount with a too long Retry-After becomes an upload, and a failed one at once") {
  const auto always = [](HttpReply reply) {
    return [=](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.parameter("mount").empty()) return std::nullopt;
      return reply;
    };
  };
  Mount mount({.retry_count = 1, .rate_limit_wait = std::chrono::milliseconds{8'000}});
  mount.rig.registry.intercept = always(not_now(429, "3"));
  CHECK(mount.run() == BlobOutcome::Written);
  CHECK(mount.rig.count(kMounts) == 4);  // two are waited for, one is repeated, one is too many

  Mount failing;
  failing.rig.registry.intercept = always(HttpReply{503});
  CHECK(failing.run() == BlobOutcome::Written);
  CHECK(failing.rig.count(kMounts) == 1);
  CHECK(failing.rig.clock.sleeps().empty());
}
