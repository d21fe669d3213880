#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.hpp"
#include "call_log.hpp"
#include "stream/sha256.hpp"
#include "support/fake_registry.hpp"
#include "support/http_server.hpp"
#include "support/image_builder.hpp"
#include "support/ociferry.hpp"
#include "support/temp.hpp"

// The sums of volumes are made while these are written.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

/// Bytes that were read of volumes before these had their names.
std::int64_t bytes_read_back(const fs::path& log) {
  std::int64_t bytes = 0;
  for (const LoggedCall& call : read_call_log(log, false)) {
    if (call.kind == "read" && call.path.ends_with(".partial")) bytes += std::max<std::int64_t>(call.result, 0);
  }
  return bytes;
}

/// Runs a command that writes volumes called `output`; returns how much of them it has read.
std::int64_t read_back_by(const Ociferry& ociferry, Words words, const std::string& output) {
  const fs::path log = ociferry.home() / (output + ".log");
  words.insert(words.end(), {"-o", output, "--volume-size", "4M", "--jobs", "1"});
  const Outcome outcome = ociferry.run(words, {{"OCIFERRY_CALLS_LOG", log.string()}});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  const std::string sums = read_text(ociferry.home() / "SHA256SUMS");
  for (int number = 1; number <= 3; ++number) {
    const std::string volume = text::cat(output, ".00", number);
    const std::string line = text::cat(sha256(read_text(ociferry.home() / volume)).hex(), "  ", volume, "\n");
    CHECK(sums.find(line) != std::string::npos);
  }
  return bytes_read_back(log);
}

}  // namespace

TEST_CASE("volumes are hashed while they are written, and hardly read again for SHA256SUMS") {
  const Image image = make_image({.layers = {{.size = 10'000'000, .seed = 31}}});
  FakeRegistry source;
  for (const auto& blob : image.blobs) source.add_blob("apps/app", blob.second);
  for (const RawManifest& manifest : image.manifests) {
    source.add_manifest("apps/app", manifest.bytes, manifest.descriptor.media_type, "v1");
  }
  HttpServer server([&](const HttpRequest& request) { return source(request); });
  const Ociferry ociferry{WATCHED_OCIFERRY};
  // The beginning of each volume, headers, manifests and configurations.
  constexpr std::int64_t kLittle = 600'000;
  CHECK(read_back_by(ociferry, {"export", "-i", server.host() + "/apps/app:v1"}, "exported.tar") < kLittle);
  REQUIRE(ociferry.run({"join", "exported.tar.001", "-o", "one.tar"}).exit_code == 0);
  CHECK(read_back_by(ociferry, {"split", "one.tar"}, "split.tar") < kLittle);
}
