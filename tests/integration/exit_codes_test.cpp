#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>

#include <mutex>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "rows.hpp"
#include "support/fake_registry.hpp"
#include "support/http_server.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// Exit codes are part of the interface: one case for each line of the manual's EXIT STATUS. Those of signals are in
// interrupt_test.cpp; 2 says that ociferry has a bug, which no input may reach.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

using Intercept = std::function<std::optional<HttpReply>(const HttpRequest&)>;

/// A registry with one image, apps/app:v1, that does as a test wants, and the program.
class Scene {
 public:
  Scene() {
    for (const auto& [digest, bytes] : image_.blobs) content_.add_blob("apps/app", bytes);
    content_.add_manifest("apps/app", image_.manifests.back().bytes, image_.descriptor.media_type, "v1");
    content_.intercept = [this](const HttpRequest& request) -> std::optional<HttpReply> {
      const std::lock_guard lock(mutex_);
      return now_ ? now_(request) : std::nullopt;
    };
    server_.emplace(content_.handler());
  }

  /// Answers requests whose method and path fit with `reply` from now on.
  void answer(const std::string& method, const std::string& part, const HttpReply& reply) {
    const std::lock_guard lock(mutex_);
    now_ = [=](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.method != method || request.path.find(part) == std::string::npos) return std::nullopt;
      return reply;
    };
  }
  /// The program's exit code.
  [[nodiscard]] int code(const Words& words) const {
    const Outcome outcome = program.run(words);
    INFO(outcome.err);
    CHECK((outcome.exit_code == 0 || outcome.err.find("ociferry: Error: ") != std::string::npos));
    return outcome.exit_code;
  }
  [[nodiscard]] std::string image(const std::string& selector = ":v1") const {
    return server_->host() + "/apps/app" + selector;
  }
  [[nodiscard]] std::string to() const { return server_->host() + "/copied"; }
  [[nodiscard]] int export_code() const {
    return code({"export", "-i", image(), "-o", "a.tar", "--registry-retry-count", "0"});
  }
  [[nodiscard]] int import_code() const {
    return code({"import", "a.tar", "--to-repo", to(), "--registry-retry-count", "0"});
  }
  [[nodiscard]] std::string layer() const { return layers_of(image_).front().digest.text(); }
  void add_manifest(const std::string& text) {
    content_.add_manifest("apps/app", text, std::string(media_type::kOciManifest), "v1");
  }
  [[nodiscard]] std::filesystem::path archive() const { return program.home() / "a.tar"; }

  Ociferry program{OCIFERRY_BINARY};

 private:
  Image image_ = make_image({.layers = {{.size = 2000, .seed = 1}}});
  std::mutex mutex_;
  Intercept now_;
  FakeRegistry content_;
  std::optional<HttpServer> server_;  ///< last: it begins to ask the others at once
};

}  // namespace

TEST_CASE("exit codes 0 (success), 1 (usage) and 22 (not found)") {
  const Scene scene;
  CHECK(scene.export_code() == 0);
  CHECK(scene.code({"export", "-i", scene.image()}) == 1);
  CHECK(scene.code({"export", "-i", scene.image(":gone"), "-o", "b.tar"}) == 22);
  CHECK(scene.code({"verify", "gone.tar"}) == 22);
  for (const Words& words : {Words{"verify", "gone.tar"}, Words{"inspect", "gone.tar"},
                             Words{"import", "gone.tar", "--to-repo", scene.to()}}) {
    CHECK(scene.program.run(words).err ==
          "ociferry: Error: opening gone.tar: No such file or directory\n"
          "  hint: check the name; archives in this directory: a.tar\n");
  }
}

TEST_CASE("exit codes 10 (corrupt), 11 (incomplete) and 13 (hostile)") {
  Scene scene;
  REQUIRE(scene.export_code() == 0);
  std::string bytes = read_text(scene.archive());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_text(scene.archive(), bytes);
  CHECK(scene.code({"verify", "a.tar"}) == 10);

  scene.answer("GET", "/blobs/" + scene.layer(), registry_error_reply(404, "BLOB_UNKNOWN"));
  CHECK(scene.code({"export", "-i", scene.image(), "-o", "b.tar"}) == 11);

  scene.add_manifest(R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json",)"
                     R"("digest":"sha256:../../../etc/passwd","size":2},"layers":[]})");
  CHECK(scene.code({"export", "-i", scene.image(), "-o", "b.tar"}) == 13);
}

TEST_CASE("exit codes 20 (unauthorized), 21 (denied) and 23 (network)") {
  Scene scene;
  const auto code_after = [&](int status) {
    scene.answer("GET", "/manifests/", HttpReply{status});
    return scene.export_code();
  };
  CHECK(code_after(401) == 20);
  CHECK(code_after(403) == 21);
  CHECK(code_after(412) == 21);  // a policy holds the image back, and will the next time
  CHECK(code_after(503) == 23);
}

TEST_CASE("exit codes 24 (refused) and 25 (unstable)") {
  Scene scene;
  REQUIRE(scene.export_code() == 0);
  scene.answer("PUT", "/manifests/", registry_error_reply(400, "MANIFEST_INVALID"));
  CHECK(scene.import_code() == 24);
  scene.answer("PUT", "/manifests/", registry_error_reply(400, "MANIFEST_BLOB_UNKNOWN"));
  CHECK(scene.import_code() == 25);
}

TEST_CASE("exit codes 30 (space), 31 (I/O) and 32 (busy)") {
  const Scene scene;
  const Outcome full = run({.arguments = {"sh", "-c", std::string(OCIFERRY_BINARY) + " version > /dev/full"}});
  CHECK(full.exit_code == 30);
  CHECK(scene.code({"export", "-i", scene.image(), "-o", "/sys/a.tar"}) == 31);  // nobody makes files there

  const UniqueFd held = open_file(scene.archive().string() + ".partial", O_RDWR | O_CREAT);
  REQUIRE(::flock(held.get(), LOCK_EX) == 0);
  CHECK(scene.export_code() == 32);
}
