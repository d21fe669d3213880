#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "gate.hpp"
#include "support/fake_registry.hpp"
#include "support/http_server.hpp"
#include "support/ociferry.hpp"

// An import that is killed in the middle of a large layer, and the one after it.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::size_t kLayer = 18 * kMiB;
constexpr std::size_t kTaken = 8 * kMiB;  // two chunks

/// A registry that keeps unfinished uploads, and an archive to import there.
struct Stage {
  FakeRegistry registry;
  std::atomic<int> chunks{0};
  std::atomic<bool> holds{false};
  std::atomic<bool> ended{false};
  HttpServer server{handler()};
  Ociferry ociferry{OCIFERRY_BINARY};

  Stage() {
    write_text(ociferry.home() / "in/file", random_bytes(kLayer, 3));
    succeed({"push", "-i", server.host() + "/from/app:v1", "-f", "in"});
    succeed({"export", "-i", server.host() + "/from/app:v1", "-o", "a.tar"});
  }
  [[nodiscard]] HttpHandler handler() {
    registry.mounts = false;  // what is to be uploaded is there already, elsewhere
    return [this](const HttpRequest& request) {
      if (holds && request.method == "PATCH" && ++chunks > 2) {
        await("the program's end", [this] { return ended.load(); });
        return HttpReply{.drop = true};
      }
      return registry(request);
    };
  }
  [[nodiscard]] Words import(const std::string& repository) const {
    return {"import", "a.tar", "--to-repo", server.host() + "/" + repository, "--registry-upload-chunk-size=4MiB"};
  }
  void succeed(const Words& arguments, const Variables& more = {}) const {
    const Outcome outcome = ociferry.run(arguments, more);
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
  }
  void end_in_the_middle(const Words& arguments, int signal, const Variables& more = {}) {
    chunks = 0;
    ended = false;
    holds = true;
    Process process(ociferry.program(arguments, more));
    await("the third chunk", [&] { return chunks > 2 || !process.running(); });
    REQUIRE(process.running());
    process.send_signal(signal);
    static_cast<void>(process.wait());
    ended = true;
    holds = false;
    server.forget_requests();
  }
  /// How many bytes went into uploads.
  [[nodiscard]] std::size_t uploaded() const {
    std::size_t bytes = 0;
    for (const HttpRequest& request : server.requests()) {
      if (request.path.find("/blobs/uploads/") != std::string::npos) bytes += request.body.size();
    }
    return bytes;
  }
  [[nodiscard]] bool has_notes(const std::filesystem::path& state) const {
    const auto directory = state / "ociferry/uploads";
    return std::filesystem::exists(directory) && !std::filesystem::is_empty(directory);
  }
};

}  // namespace

TEST_CASE("an import that was killed within a large layer resumes there, and removes its record at the end") {
  Stage stage;
  const auto state = stage.ociferry.home() / ".local/state";
  for (const int signal : {SIGKILL, SIGTERM}) {
    CAPTURE(signal);
    const std::string repository = text::cat("to/app-", signal);
    stage.end_in_the_middle(stage.import(repository), signal);
    CHECK(stage.has_notes(state));
    stage.succeed(stage.import(repository));
    CHECK(stage.uploaded() < kLayer - kTaken + kMiB);
    CHECK(stage.registry.tag(repository, "v1").has_value());
    CHECK_FALSE(stage.has_notes(state));
  }

  write_text(stage.ociferry.home() / "file", "");
  const Variables nowhere{{"XDG_STATE_HOME", (stage.ociferry.home() / "file").string()}};
  stage.end_in_the_middle(stage.import("to/other"), SIGKILL, nowhere);
  stage.succeed(stage.import("to/other"), nowhere);
  CHECK(stage.uploaded() >= kLayer);
}
