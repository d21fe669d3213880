#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "base/text.hpp"
#include "stage.hpp"
#include "support/fake_registry.hpp"
#include "support/process.hpp"

// Registries that can take only so much.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::size_t kLayers = 24;

/// Answers all beyond so many requests in a second with 429.
class PerSecond {
 public:
  explicit PerSecond(std::size_t most) : most_(most) {}

  std::optional<HttpReply> operator()(const HttpRequest&) {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    while (!granted_.empty() && now - granted_.front() > std::chrono::seconds{1}) granted_.pop_front();
    if (granted_.size() < most_) {
      granted_.push_back(now);
      return std::nullopt;
    }
    HttpReply reply = registry_error_reply(429, "TOOMANYREQUESTS", "slow down");
    reply.headers.add("Retry-After", "1");
    return reply;
  }

 private:
  std::size_t most_;
  std::mutex mutex_;
  std::deque<std::chrono::steady_clock::time_point> granted_;
};

/// A registry with an image of many layers, behind a proxy.
struct Many {
  RegistryServer registry;
  FaultProxy proxy{registry};
  TempDirectory directory = temp_directory();
  Image image = many_layers();

  Many() { push_image(registry, "team/many", image, "v1"); }

  static Image many_layers() {
    std::vector<LayerRecipe> layers;
    for (std::uint64_t seed = 1; seed <= kLayers; ++seed) layers.push_back({.size = 10'000 + 10 * seed, .seed = seed});
    return make_image({.layers = layers});
  }

  void export_with(const Jobs& jobs) const {
    Context context{.registry = quick_options(), .jobs = jobs};
    context.registry.rate_limit_wait = std::chrono::minutes{10};
    context.registry.response_header_timeout = kPatience;
    static_cast<void>(export_archive({.sources = {{SourceArgument::Kind::Image, proxy.host() + "/team/many:v1"}},
                                      .archive = directory.path() / "a.tar"},
                                     context));
  }
};

}  // namespace

TEST_CASE("a registry that limits the rate is read to the end, and gets few requests beyond its limit") {
  if (lacks({"docker-registry"})) return;
  Many many;
  const auto limit = std::make_shared<PerSecond>(8);
  many.proxy.use({{.fault = {.decide = [limit](const HttpRequest& request) { return (*limit)(request); }}}});
  SUBCASE("with a given number of jobs") { many.export_with(12); }
  SUBCASE("with a measured number of jobs") { many.export_with({}); }
  const auto all = many.proxy.transcript();
  const auto refused = std::ranges::count_if(all, [](const Exchange& one) { return one.status == 429; });
  CHECK(refused > 0);
  // All of twelve workers at each of the pauses would be far more.
  CHECK(refused <= 24);
  CHECK(verify({.archive = many.directory.path() / "a.tar"}, {}).blobs >= kLayers);
}

TEST_CASE("one slow layer holds up no other, even if the registry limits concurrent requests") {
  if (lacks({"docker-registry"})) return;
  std::mutex mutex;
  std::condition_variable others_done;
  std::size_t others = 0;
  Many many;  // last: its proxy's threads use the above
  const auto largest =
      std::ranges::max_element(many.image.blobs, {}, [](const auto& blob) { return blob.second.size(); });
  const auto slow = [&](const HttpRequest&) -> std::optional<HttpReply> {
    std::unique_lock lock(mutex);
    // All but this one, and the configuration. Whoever gives up before does so here, while all of this is alive.
    others_done.wait_for(lock, kPatience, [&] { return others >= kLayers; });
    return std::nullopt;
  };
  const auto count_other = [&](const HttpRequest&, HttpReply& reply) {
    if (reply.status != 200) return;
    const std::lock_guard lock(mutex);
    ++others;
    others_done.notify_all();
  };
  const std::string slow_path = "/blobs/" + largest->first.text();
  many.proxy.use({{.match = {"GET", "/blobs/"}, .fault = {.answer = HttpReply{.status = 503}}, .times = kRetries},
                  {.match = {"GET", slow_path}, .fault = {.decide = slow}},
                  {.match = {"GET", "/blobs/"}, .fault = {.rewrite = count_other}}});
  many.export_with(4);
  CHECK(verify({.archive = many.directory.path() / "a.tar"}, {}).blobs >= kLayers);
}
