#include <doctest/doctest.h>

#include <mutex>
#include <set>

#include "support/fault_proxy.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// Failures that pass must be waited for, and must never be taken for "it is not there".

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A bundle that was relocated to `inside`, whose images are in `outside` still.
struct Relocated {
  World world;
  Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  Reference bundle = world.push_bundle("bundles/one", {app});

  Relocated() {
    world.succeed({"copy", "-b", world.outside_ref("bundles/one"), "--to-repo", world.inside_repo("here")});
    world.outside.forget_requests();
  }
};

/// Answers every GET and HEAD below /v2/NAME/ with `status` the first time it is asked.
class FirstTimeFails {
 public:
  explicit FirstTimeFails(int status) : status_(status) {}
  std::optional<HttpReply> operator()(const HttpRequest& request) {
    const std::lock_guard lock(*mutex_);
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (!reads || request.path == "/v2/" || !asked_->insert(request.method + request.path).second) return std::nullopt;
    return HttpReply{.status = status_, .headers = {{"Retry-After", "0"}}};
  }

 private:
  int status_;
  std::shared_ptr<std::mutex> mutex_ = std::make_shared<std::mutex>();
  std::shared_ptr<std::set<std::string>> asked_ = std::make_shared<std::set<std::string>>();
};

}  // namespace

TEST_CASE("a read that fails once is repeated, and not sent to another place instead") {
  if (lacks({"docker-registry"})) return;
  Relocated relocated;
  World& world = relocated.world;
  for (const int status : {503, 429, 500}) {
    CAPTURE(status);
    const FaultProxy flaky(world.inside, FirstTimeFails(status));
    const std::string source = flaky.host() + "/here:v1";
    const std::string suffix = std::to_string(status);
    world.succeed({"pull", "-b", source, "-o", "pulled" + suffix});
    CHECK(read_text(world.path("pulled" + suffix) / ".imgpkg/images.yml").find(flaky.host()) != std::string::npos);
    world.succeed({"copy", "-b", source, "--to-repo", world.inside_repo("copied" + suffix)});
    world.succeed({"export", "-b", source, "-o", suffix + ".tar"});
    CHECK(world.outside.requests().empty());
  }
}

TEST_CASE("an image whose place keeps failing is an error, and is not read from elsewhere") {
  if (lacks({"docker-registry"})) return;
  Relocated relocated;
  World& world = relocated.world;
  const std::string digest = relocated.app.digest->text();
  const FaultProxy broken(world.inside, [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.path.find("/manifests/" + digest) == std::string::npos) return std::nullopt;
    return HttpReply{.status = 503};
  });
  const std::string source = broken.host() + "/here:v1";
  const Words once = {"--registry-retry-count", "0"};
  for (const Words& command : {Words{"copy", "-b", source, "--to-repo", world.inside_repo("copied")},
                               Words{"export", "-b", source, "-o", "a.tar"}}) {
    Words arguments = command;
    arguments.insert(arguments.end(), once.begin(), once.end());
    CHECK(world.fail(23, arguments).find(digest) != std::string::npos);
  }
  CHECK(world.outside.requests().empty());
  CHECK(World::tags(world.inside, "copied").empty());
  CHECK_FALSE(std::filesystem::exists(world.path("a.tar")));
}
