#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "call_stage.hpp"
#include "support/temp.hpp"

// What may be in the way of an output, and what killed runs leave.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

/// Keeps back the answer to a request until it is let go.
class Hold {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  /// False if nobody came.
  bool await_somebody() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [this] { return waiting_; });
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false;
  bool open_ = false;
};

/// Runs a command that may make files of at most `bytes` bytes (a multiple of 512).
Outcome run_within(const CallStage& stage, const Words& words, std::size_t bytes) {
  Program program = stage.ociferry().program(words);
  program.arguments.insert(program.arguments.begin(),
                           {"sh", "-c", "ulimit -f " + std::to_string(bytes / 512) + "; exec \"$@\"", "sh"});
  return run(program);
}

std::size_t layers_asked_for(CallStage& stage, Command command) {
  const auto layers = stage.source_layers(command);
  return static_cast<std::size_t>(std::ranges::count_if(stage.take_requests(), [&](const SeenRequest& request) {
    return layers.contains(request.digest) && layers.at(request.digest) > 1000;
  }));
}

}  // namespace

TEST_CASE("the second of two exports to one archive fails with Busy") {
  Hold hold;
  FakeRegistry registry;
  const Image image = make_image({.layers = {{.size = 200'000, .seed = 1}}});
  std::string layer;
  for (const auto& [digest, bytes] : image.blobs) {
    registry.add_blob("app", bytes);
    if (bytes.size() > 100'000) layer = digest.text();
  }
  registry.add_manifest("app", image.manifests.back().bytes, image.descriptor.media_type, "v1");
  registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    const bool is_layer = request.path.ends_with("/blobs/" + layer);
    if (is_layer) hold.wait();
    return std::nullopt;
  };
  HttpServer server(registry.handler());
  const Ociferry ociferry(WATCHED_OCIFERRY);
  const Words words = {"export", "-i", server.host() + "/app:v1", "-o", "a.tar", "--force"};
  write_text(ociferry.home() / "a.tar", "old");
  Process first(ociferry.program(words));
  const bool came = hold.await_somebody();
  const Outcome second = came ? ociferry.run(words) : Outcome{};
  hold.let_go();
  REQUIRE(came);
  CHECK(second.exit_code == 32);
  CHECK(second.err.find("another process is writing a.tar") != std::string::npos);
  const Outcome outcome = first.wait();
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(ociferry.run({"verify", "a.tar"}).exit_code == 0);
  CHECK_FALSE(fs::exists(ociferry.home() / "a.tar.partial"));
}

TEST_CASE("a limit on the length of files stops an export and a pull before a layer moves") {
  CallStage& stage = fresh_stage();
  for (const Command command : {Command::Export, Command::Pull}) {
    stage.reset();
    const std::vector<std::string> names = stage.names();
    const Outcome outcome = run_within(stage, stage.words(command, 2), 102'400);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 30);
    CHECK(outcome.err.find("can have at most 102400") != std::string::npos);
    CHECK(layers_asked_for(stage, command) == 0);
    CHECK(stage.visible(command) == stage.before(command));
    CHECK(stage.names() == names);
  }
}

TEST_CASE("foreign content at the partial archive's path never gets into the archive") {
  CallStage& stage = fresh_stage();
  const std::string& archive = stage.archive();
  // Of another plan; of none; shorter and longer than the archive; all but the table right.
  std::string tableless = archive;
  std::fill_n(tableless.begin(), 4096, '\0');
  for (const std::string& stale : {std::string("text"), std::string(archive.size(), 'x'), archive + archive, tableless,
                                   std::string(archive.size(), '\0')}) {
    stage.reset();
    write_text(stage.path("out.tar.partial"), stale);
    const std::string wrong = judge_rerun(stage, Command::Export);
    CHECK_MESSAGE(wrong.empty(), wrong);
  }
}

TEST_CASE("a partial archive that is not a file is left alone, with a clear error") {
  CallStage& stage = fresh_stage();
  fs::create_directory(stage.path("out.tar.partial"));
  CHECK(stage.run(Command::Export).exit_code == 31);
  fs::remove(stage.path("out.tar.partial"));
  write_text(stage.path("precious"), "precious");
  fs::create_symlink("precious", stage.path("out.tar.partial"));
  CHECK(stage.run(Command::Export).exit_code == 31);
  CHECK(read_text(stage.path("precious")) == "precious");
  CHECK(stage.visible(Command::Export) == stage.before(Command::Export));
}

TEST_CASE("a layer in a partial archive whose middle was lost is fetched anew") {
  CallStage& stage = fresh_stage();
  // All is there but the archive's name, and some bytes in the middle, as after a power loss.
  std::string damaged = stage.archive();
  const std::size_t middle = damaged.size() / 2;
  damaged.replace(middle, 5000, std::string(5000, '\0'));
  write_text(stage.path("out.tar.partial"), damaged);
  const std::string wrong = judge_rerun(stage, Command::Export);
  CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("a pull removes what killed pulls left, and nothing of a running pull") {
  CallStage& stage = fresh_stage();
  const TempDirectory running(stage.ociferry().home(), "pulled.ociferry-");
  write_text(running.path() / "content/file", "of another process");
  const std::string left = ".pulled.ociferry-abc123";
  write_text(stage.path(left) / "content/file", "half");
  write_text(stage.path(left) / "downloads/sha256-00", "of a layer that nobody needs any more");
  fs::permissions(stage.path(left), fs::perms::owner_all);
  CHECK(stage.run(Command::Pull).exit_code == 0);
  CHECK(stage.visible(Command::Pull) == stage.after(Command::Pull));
  CHECK_FALSE(fs::exists(stage.path(left)));
  CHECK(read_text(running.path() / "content/file") == "of another process");
}

TEST_CASE("a directory that a killed pull had moved aside is put back before anything else") {
  CallStage& stage = fresh_stage();
  const std::string left = ".pulled.ociferry-abc123";
  fs::create_directory(stage.path(left));
  fs::permissions(stage.path(left), fs::perms::owner_all);
  fs::rename(stage.path("pulled"), stage.path(left) / "old");
  Words words = stage.words(Command::Pull, 1);
  words.at(2) += "-not-there";
  CHECK(stage.ociferry().run(words).exit_code == 22);
  CHECK(stage.visible(Command::Pull) == stage.before(Command::Pull));
  CHECK_FALSE(fs::exists(stage.path(left)));
}
