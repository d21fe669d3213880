#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "gate.hpp"
#include "support/fault_proxy.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// Ctrl-C in the middle of everything. The gate stands still while the signal is sent, so that it hits in the middle.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::uint64_t kLayerBytes = 12'000'000;
constexpr std::uint64_t kMiddle = 4'000'000;

/// A bundle that needs one large image, each registry behind a gate.
struct GatedStage {
  World world;
  Gate source{world.outside.host()};
  Gate destination{world.inside.host()};
  Image image = make_image({.layers = {{.size = kLayerBytes / 2, .seed = 1}, {.size = kLayerBytes, .seed = 2}}});
  Reference app = push_image(world.outside, "apps/big", image, "v1");
  Reference bundle = world.push_bundle("bundles/big", {by_way_of(source.host(), app)});

  [[nodiscard]] std::string bundle_name() const { return source.host() + "/bundles/big:v1"; }
  [[nodiscard]] std::string app_name() const { return source.host() + "/apps/big:v1"; }
  [[nodiscard]] std::string dest() const { return destination.host() + "/dest"; }
  [[nodiscard]] bool exists(const std::string& name) const { return std::filesystem::exists(world.path(name)); }

  /// Runs a command until the gate holds, then sends the signal; the gate opens after the command's end.
  std::string interrupt(Gate& gate, Gate::Way way, const Words& arguments, int signal = SIGINT,
                        std::uint64_t after = kMiddle) const {
    gate.hold_after(way, after);
    Process process(world.ociferry.program(arguments));
    await("the middle of " + arguments[0], [&] { return gate.is_holding() || !process.running(); });
    REQUIRE(process.running());
    process.send_signal(signal);
    const Outcome outcome = process.wait();
    gate.open();
    INFO("standard output: " << outcome.out << "\nstandard error: " << outcome.err);
    CHECK(outcome.exit_code == 128 + signal);
    CHECK(outcome.err.find("nterrupted") != std::string::npos);
    CHECK(outcome.out.empty());
    return outcome.err;
  }

  /// What is in the working directory now, apart from what the rig put there.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(world.path(""))) {
      const std::string name = entry.path().filename().string();
      if (name != "tmp" && !name.starts_with("bundle-")) names.push_back(name);
    }
    std::ranges::sort(names);
    return names;
  }

  /// All of the image's blobs are in the repository of the inner registry, as they were.
  void check_delivered(const std::string& repository, const std::string& tag) {
    CHECK(std::ranges::count(World::tags(world.inside, repository), tag) == 1);
    for (const auto& [digest, bytes] : image.blobs) {
      const HttpAnswer answer = world.inside.request("GET", "/v2/" + repository + "/blobs/" + digest.text());
      CHECK(answer.status == 200);
      CHECK((answer.body == bytes));
    }
  }
};

}  // namespace

TEST_CASE("an interrupted export leaves no archive, and the same command finishes it") {
  if (lacks({"docker-registry"})) return;
  GatedStage stage;
  // One blob after the other, the largest first: the gate closes in the middle of the second.
  const Words arguments = {"export", "-b", stage.bundle_name(), "-o", "a.tar", "--jobs", "1"};
  std::uint64_t middle = kLayerBytes + kMiddle / 2;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const std::string error = stage.interrupt(stage.source, Gate::Way::ToClient, arguments, signal, middle);
    CHECK(error.find("a.tar.partial is kept") != std::string::npos);
    CHECK(stage.files() == std::vector<std::string>{"a.tar.partial"});
    middle = kMiddle / 8;  // the later runs go on within the second
  }
  stage.world.outside.forget_requests();
  const std::string said = stage.world.succeed(arguments);
  CHECK(said.find("already there from an earlier run") != std::string::npos);
  CHECK(stage.files() == std::vector<std::string>{"a.tar"});
  stage.world.succeed({"verify", "a.tar"});
  // What the first run had fetched whole was not fetched again.
  const auto requests = stage.world.outside.requests();
  CHECK(std::ranges::none_of(requests, [&](const LoggedRequest& request) {
    return request.path.find(layers_of(stage.image).back().digest.text()) != std::string::npos;
  }));
  // Of the other one only what was missing.
  CHECK(std::ranges::count_if(requests, [&](const LoggedRequest& request) {
          return request.path.find(layers_of(stage.image).front().digest.text()) != std::string::npos;
        }) == 1);
  CHECK(std::ranges::any_of(requests, [](const LoggedRequest& request) { return request.status == 206; }));
  stage.world.succeed({"export", "-b", stage.bundle_name(), "-o", "b.tar"});
  CHECK((read_text(stage.world.path("a.tar")) == read_text(stage.world.path("b.tar"))));
}

TEST_CASE("an interrupted import leaves no tag, manifest or lock file, and the same command finishes it") {
  if (lacks({"docker-registry"})) return;
  GatedStage stage;
  stage.world.succeed({"export", "-b", stage.bundle_name(), "-o", "a.tar"});
  const Words arguments = {"import", "a.tar", "--to-repo", stage.dest(), "--lock-output", "lock.yml"};
  for (const int signal : {SIGINT, SIGTERM}) {
    stage.world.inside.forget_requests();
    stage.interrupt(stage.destination, Gate::Way::ToServer, arguments, signal);
    CHECK(World::tags(stage.world.inside, "dest").empty());
    CHECK(writes(stage.world.inside, "/manifests/").empty());
    CHECK(stage.files() == std::vector<std::string>{"a.tar"});
  }
  stage.world.succeed(arguments);
  CHECK(stage.files() == std::vector<std::string>{"a.tar", "lock.yml"});
  stage.check_delivered("dest", "v1");
  stage.world.inside.forget_requests();
  stage.world.succeed(arguments);
  CHECK(writes(stage.world.inside).empty());
}

TEST_CASE("an interrupted copy leaves no tag, and the same command finishes it") {
  if (lacks({"docker-registry"})) return;
  GatedStage stage;
  const Words arguments = {"copy", "-b", stage.bundle_name(), "--to-repo", stage.dest(), "--lock-output", "lock.yml"};
  stage.interrupt(stage.destination, Gate::Way::ToServer, arguments);
  stage.interrupt(stage.source, Gate::Way::ToClient, arguments, SIGTERM);
  CHECK(World::tags(stage.world.inside, "dest").empty());
  CHECK(writes(stage.world.inside, "/manifests/").empty());
  CHECK(stage.files().empty());
  stage.world.succeed(arguments);
  CHECK(stage.files() == std::vector<std::string>{"lock.yml"});
  stage.check_delivered("dest", "v1");
}

TEST_CASE("an interrupted push leaves no tag and no lock file, and the same command finishes it") {
  if (lacks({"docker-registry"})) return;
  GatedStage stage;
  const std::string content = random_bytes(kLayerBytes, 3);
  stage.world.write_bundle("bundle-new", {stage.app});
  write_text(stage.world.path("bundle-new/data"), content);
  const Words arguments = {"push", "-b", stage.dest() + ":v7", "-f", "bundle-new", "--lock-output", "lock.yml"};
  for (const int signal : {SIGINT, SIGTERM}) {
    stage.interrupt(stage.destination, Gate::Way::ToServer, arguments, signal);
    CHECK(World::tags(stage.world.inside, "dest").empty());
    CHECK(stage.files().empty());
    CHECK(std::filesystem::is_empty(stage.world.path("tmp")));
  }
  stage.world.succeed(arguments);
  stage.world.succeed({"pull", "--lock", "lock.yml", "-o", "pulled"});
  CHECK((read_text(stage.world.path("pulled/data")) == content));
  CHECK(World::tags(stage.world.inside, "dest").back() == "v7");
}

TEST_CASE("an interrupted pull leaves the output directory unchanged, and no other files") {
  if (lacks({"docker-registry"})) return;
  GatedStage stage;
  const Words arguments = {"pull", "-i", stage.app_name(), "-o", "pulled", "--force"};
  stage.interrupt(stage.source, Gate::Way::ToClient, arguments, SIGTERM);
  CHECK(stage.files().empty());
  write_text(stage.world.path("pulled/old.txt"), "old");
  stage.interrupt(stage.source, Gate::Way::ToClient, arguments);
  CHECK(stage.files() == std::vector<std::string>{"pulled"});
  CHECK(read_text(stage.world.path("pulled/old.txt")) == "old");
  CHECK(std::filesystem::is_empty(stage.world.path("tmp")));

  stage.world.succeed(arguments);
  CHECK(stage.files() == std::vector<std::string>{"pulled"});
  CHECK_FALSE(stage.exists("pulled/old.txt"));
  CHECK((read_text(stage.world.path("pulled/file-2-12000000")) == random_bytes(kLayerBytes, 2)));
}

TEST_CASE("an interrupt ends a command that waits to retry") {
  if (lacks({"docker-registry"})) return;
  GatedStage stage;
  const FaultProxy busy(stage.world.inside, [](const HttpRequest&) {
    return HttpReply{.status = 503, .headers = {{"Retry-After", "280"}}};
  });
  Process process(
      stage.world.ociferry.program({"copy", "-b", stage.bundle_name(), "--to-repo", busy.host() + "/dest"}));
  await("the first answer", [&] { return busy.count("GET", "/v2/") > 0 || !process.running(); });
  process.send_signal(SIGINT);
  CHECK(process.wait(std::chrono::seconds{60}).exit_code == 130);
}

TEST_CASE("an import that is interrupted after the blobs and before the tags leaves neither tag nor locations") {
  if (lacks({"docker-registry"})) return;
  std::atomic<bool> interrupted{false};
  std::atomic<bool> reached{false};
  GatedStage stage;
  // The first manifest is kept back until the command has ended.
  const FaultProxy slow(stage.world.inside, [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.method != "PUT" || request.path.find("/manifests/") == std::string::npos || interrupted) {
      return std::nullopt;
    }
    reached = true;
    await("the command's end", [&] { return interrupted.load(); });
    return HttpReply{.drop = true};
  });
  stage.world.succeed({"export", "-b", stage.bundle_name(), "-o", "a.tar"});
  const Words arguments = {"import", "a.tar", "--to-repo", slow.host() + "/dest"};
  Process process(stage.world.ociferry.program(arguments));
  await("the first manifest", [&] { return reached || !process.running(); });
  process.send_signal(SIGINT);
  const Outcome outcome = process.wait();
  interrupted = true;
  CHECK(outcome.exit_code == 130);
  CHECK(outcome.err.find("5 of 5 blobs are in " + slow.host() + "/dest now") != std::string::npos);
  CHECK(World::tags(stage.world.inside, "dest").empty());
  stage.world.inside.forget_requests();
  stage.world.succeed(arguments);
  stage.check_delivered("dest", "v1");
  for (const Descriptor& layer : layers_of(stage.image)) {
    CHECK(writes(stage.world.inside, std::string(layer.digest.hex())).empty());
  }
}

TEST_CASE("uploads that are interrupted are cancelled at the registry") {
  if (lacks({"docker-registry"})) return;
  GatedStage stage;
  stage.world.succeed({"export", "-b", stage.bundle_name(), "-o", "a.tar"});
  FaultProxy proxy(stage.world.inside);
  proxy.use({{.match = {"PUT", "/blobs/uploads/"}, .fault = {.cut_request = 1000, .cut = Cut::Stall}}});
  Process process(stage.world.ociferry.program({"import", "a.tar", "--to-repo", proxy.host() + "/dest"}));
  await("an upload", [&] { return proxy.count("PUT", "/blobs/uploads/") > 0 || !process.running(); });
  process.send_signal(SIGINT);
  CHECK(process.wait().exit_code == 130);
  const auto all = proxy.transcript();
  std::set<std::string> open;
  for (const Exchange& one : all) {
    if (is(one, "PUT", "/blobs/uploads/")) open.insert(one.request.path);
  }
  for (const Exchange& one : all) {
    if (is(one, "DELETE", "/blobs/uploads/") && one.status == 204) open.erase(one.request.path);
  }
  CHECK(open.empty());
}
