#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "gate.hpp"
#include "support/fault_proxy.hpp"
#include "support/sanitized.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// A large layer that comes in ranges over several connections, seen from outside: killed in the middle, and how much
// memory it takes.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::uint64_t kStreamed = 3 * kMiB;
const Match kRange{.method = "GET", .path = "/blobs/", .header = "^range: bytes=[0-9]+-[0-9]+$"};

std::string range_of(const Exchange& exchange) { return exchange.request.headers.find("Range").value_or(""); }

/// Counts the ranges that a proxy answers. Must outlive it.
class Ranges {
 public:
  [[nodiscard]] Rule counted() {
    return {.match = kRange, .fault = {.rewrite = [this](const auto&, auto&) {
                               const std::lock_guard lock(mutex_);
                               ++count_;
                               answered_.notify_all();
                             }}};
  }
  /// False if there are not so many within kPatience.
  [[nodiscard]] bool await(std::size_t count) {
    std::unique_lock lock(mutex_);
    return answered_.wait_for(lock, kPatience, [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  std::size_t count_ = 0;
};

/// An image of one layer behind a proxy. Where its stream stands still, others help.
struct StalledDownload {
  World world;
  FaultProxy proxy{world.outside};
  std::string layer;
  Words command;

  explicit StalledDownload(std::uint64_t size) {
    const Image image = make_image({.layers = {{.size = size, .compression = LayerCompression::None}}});
    layer = layers_of(image).front().digest.text();
    push_image(world.outside, "apps/large", image, "v1");
    command = {"export", "-i", proxy.host() + "/apps/large:v1", "-o", "a.tar", "--jobs", "8"};
  }

  [[nodiscard]] Rule stands_still() const {
    return {.match = {"GET", layer}, .fault = {.cut_answer = kStreamed, .cut = Cut::Stall}, .times = 1};
  }
  /// True if the partial archive has this byte and its neighbours. The layer is random, and nearly all of the archive.
  [[nodiscard]] bool has_written(std::uint64_t offset) const {
    std::ifstream partial(world.path("a.tar.partial"), std::ios::binary);
    std::string bytes(64, '\0');
    partial.seekg(static_cast<std::streamoff>(offset));
    partial.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes.find_first_not_of('\0') != std::string::npos;
  }
  /// The requests for the layer, in the order in which they were made.
  [[nodiscard]] std::vector<Exchange> requests() const {
    std::vector<Exchange> all = proxy.transcript();
    std::erase_if(all, [&](const Exchange& one) { return !is(one, "GET", layer); });
    return all;
  }
};

}  // namespace

TEST_CASE("an export killed while a layer comes in ranges resumes behind its complete front, with the same result") {
  if (lacks({"docker-registry"})) return;
  Ranges ranges;
  StalledDownload stage(24 * kMiB);
  stage.world.succeed(stage.command);
  std::filesystem::rename(stage.world.path("a.tar"), stage.world.path("clean.tar"));

  stage.proxy.use({ranges.counted(), stage.stands_still()});
  {
    Process process(stage.world.ociferry.program(stage.command));
    REQUIRE(ranges.await(1));
    await("what was streamed", [&] { return stage.has_written(kStreamed / 2); });
    process.send_signal(SIGKILL);
  }
  CHECK_FALSE(std::filesystem::exists(stage.world.path("a.tar")));

  stage.proxy.use({});
  stage.world.succeed(stage.command);
  CHECK((read_text(stage.world.path("a.tar")) == read_text(stage.world.path("clean.tar"))));
  const auto requests = stage.requests();
  REQUIRE_FALSE(requests.empty());
  std::uint64_t begin = 0;
  std::istringstream(range_of(requests.front()).substr(std::string("bytes=").size())) >> begin;
  CHECK(begin > 0);
  CHECK(begin <= kStreamed + 512);  // nothing that came in a range behind the gap is taken for done
}

TEST_CASE("a layer that comes in ranges over eight connections takes no more memory than one that streams") {
  if (lacks({"docker-registry"}) || kSanitized) return;
  Ranges ranges;
  StalledDownload stage(96 * kMiB);
  stage.proxy.use({ranges.counted(), {.match = {"GET", stage.layer}, .fault = {.decide = [&](const HttpRequest&) {
                                                                       CHECK(ranges.await(4));
                                                                       return std::optional<HttpReply>{};
                                                                     }}}});
  Program program = stage.world.ociferry.program(stage.command);
  const auto used = stage.world.path("used");
  program.arguments.insert(program.arguments.begin(), {RESOURCE_USE, used.string()});
  const Outcome outcome = run(program);
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  std::uint64_t peak_kib = 0;
  std::istringstream(read_text(used)) >> peak_kib;
  CHECK(peak_kib * 1024 < 48 * kMiB);
}
