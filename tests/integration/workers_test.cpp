#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "support/fault_proxy.hpp"
#include "support/temp.hpp"
#include "transfer/worker_count.hpp"
#include "world.hpp"

// How many requests a registry gets at the same time, when it is far away.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::size_t kNeverEnough = 1000;
/// As long as it takes a far registry to answer.
constexpr std::chrono::milliseconds kFar{30};

/// Holds each request up, until it has seen as many at a time as a test wants to see.
class Distance {
 public:
  explicit Distance(std::size_t enough) : enough_(enough) {}

  std::optional<HttpReply> operator()(const HttpRequest&) {
    std::unique_lock lock(mutex_);
    most_ = std::max(most_, ++waiting_);
    if (most_ >= enough_) seen_.notify_all();
    seen_.wait_for(lock, kFar, [&] { return most_ >= enough_; });
    --waiting_;
    return std::nullopt;
  }

  std::size_t most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  std::size_t enough_;
  std::mutex mutex_;
  std::condition_variable seen_;
  std::size_t waiting_ = 0;
  std::size_t most_ = 0;
};

Image image_of_layers(std::uint64_t count) {
  std::vector<LayerRecipe> layers;
  for (std::uint64_t seed = 1; seed <= count; ++seed) layers.push_back({.size = 100, .seed = seed});
  return make_image({.layers = layers});
}

/// The most requests that a registry sees at the same time while `arguments` run against it.
std::size_t most_at_a_time(World& world, const RegistryServer& registry, std::size_t enough,
                           const std::function<Words(const std::string& host)>& arguments) {
  Distance distance(enough);
  FaultProxy proxy(registry);
  proxy.use({{.match = {.path = "/blobs/"},
              .fault = {.decide = [&](const HttpRequest& request) { return distance(request); }}}});
  world.succeed(arguments(proxy.host()));
  return distance.most();
}

}  // namespace

TEST_CASE("a registry with a high latency gets more concurrent requests than a near one") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.outside, "apps/many", image_of_layers(200), "v1");
  const std::size_t more = WorkerCount(std::thread::hardware_concurrency()).count() + 1;
  CHECK(most_at_a_time(world, world.outside, more, [](const std::string& host) {
          return Words{"export", "-i", host + "/apps/many:v1", "-o", "a.tar"};
        }) >= more);
  CHECK(most_at_a_time(world, world.inside, more, [](const std::string& host) {
          return Words{"import", "a.tar", "--to-repo", host + "/many"};
        }) >= more);
}

TEST_CASE("a given number of jobs is kept at every latency") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.outside, "apps/few", image_of_layers(20), "v1");
  CHECK(most_at_a_time(world, world.outside, kNeverEnough, [](const std::string& host) {
          return Words{"export", "-i", host + "/apps/few:v1", "-o", "a.tar", "--jobs", "3"};
        }) == 3);
  CHECK(most_at_a_time(world, world.inside, kNeverEnough, [](const std::string& host) {
          return Words{"import", "a.tar", "--to-repo", host + "/few", "--concurrency=2"};
        }) == 2);
}
