#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "base/sizes.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "stream/sha256.hpp"
#include "support/sanitized.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// Much of everything: one large layer, and many images. Neither takes more memory than little of it.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::uint64_t kLayerBytes = (kSanitized ? 40 : 300) * kMiB;
constexpr std::size_t kImages = kSanitized ? 60 : 500;
constexpr std::size_t kLayers = 3;
constexpr std::uint64_t kMemory = 64 * kMiB;
/// Blobs that eight workers may ask for before the trial whether a mount tells what is there has ended.
constexpr long kUntilTrialEnds = kSanitized ? 120 : 40;

/// Runs a command that must succeed and, where memory counts, must not take more than kMemory. Returns the bytes that
/// it wrote to files.
std::uint64_t succeed_within(const World& world, const Words& arguments) {
  Program program = world.ociferry.program(arguments);
  const auto used_file = world.path("used");
  program.arguments.insert(program.arguments.begin(), {RESOURCE_USE, used_file.string()});
  const Outcome outcome = run(program);
  INFO(arguments[0] << ": " << outcome.err);
  REQUIRE(outcome.exit_code == 0);
  std::uint64_t peak_kib = 0;
  std::uint64_t written = 0;
  std::istringstream(read_text(used_file)) >> peak_kib >> written;
  if (!kSanitized) CHECK(peak_kib * 1024 < kMemory);
  return written;
}

/// Puts an image where a registry keeps its files: much quicker than asking it to, and it cannot tell.
void plant(const RegistryServer& registry, const std::string& repository, const Image& image) {
  const auto root = registry.data_directory() / "data/docker/registry/v2";
  const auto keep = [&](const Digest& digest, const std::string& bytes, const std::string& kind) {
    const std::string hex(digest.hex());
    write_text(root / "blobs/sha256" / hex.substr(0, 2) / hex / "data", bytes);
    write_text(root / "repositories" / repository / kind / "sha256" / hex / "link", digest.text());
  };
  for (const auto& [digest, bytes] : image.blobs) keep(digest, bytes, "_layers");
  for (const RawManifest& manifest : image.manifests) {
    keep(manifest.descriptor.digest, manifest.bytes, "_manifests/revisions");
  }
}

/// A layer of zeros but for a number in front, so that making it costs little and storing it plainly costs its size.
std::string large_tar() {
  std::string content(kLayerBytes, '\0');
  for (std::size_t at = 0; at < content.size(); at += 4096) content.replace(at, 12, octal(at, 12));
  return TarBuilder().file("large", content).tar();
}

long count(const std::vector<LoggedRequest>& requests, std::string_view method, std::string_view path_part) {
  return std::ranges::count_if(requests, [&](const LoggedRequest& request) {
    return request.method == method && request.path.find(path_part) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("a layer of 300 MB is exported, imported and pulled in little memory") {
  if (lacks({"docker-registry"})) return;
  World world;
  Digest layer = sha256("");
  Digest content = sha256("");
  {
    const Image image = make_image({.layers = {{.compression = LayerCompression::None, .tar = large_tar()}}});
    plant(world.outside, "apps/large", image);
    layer = layers_of(image).front().digest;
    content = sha256(std::string_view(image.blobs.at(layer)).substr(512, kLayerBytes));
    push_image(world.outside, "apps/large", image, "v1");
  }
  // Nothing is written twice, neither to the archive nor to another file.
  const std::uint64_t written = succeed_within(world, {"export", "-i", world.outside_ref("apps/large"), "-o", "a.tar"});
  const std::uint64_t archive_bytes = std::filesystem::file_size(world.path("a.tar"));
  CHECK(written >= archive_bytes);
  if (!kSanitized) CHECK(written <= archive_bytes * 101 / 100);  // sanitizers write to pipes of their own
  {
    const ArchiveReader reader(world.path("a.tar"));
    const std::string archive = read_text(world.path("a.tar"));
    const auto& members = reader.plan().members;
    const auto member = std::ranges::find(members, std::optional(layer), &ArchiveMember::blob);
    REQUIRE(member != members.end());
    CHECK(sha256(std::string_view(archive).substr(member->offset, member->size)) == layer);
  }
  succeed_within(world, {"import", "a.tar", "--to-repo", world.inside_repo("dest")});
  succeed_within(world, {"pull", "-i", world.inside_repo("dest") + ":v1", "-o", "pulled"});
  CHECK(sha256(read_text(world.path("pulled/large"))) == content);
}

TEST_CASE("500 images of three layers travel in one bundle, each blob once, in little memory") {
  if (lacks({"docker-registry"})) return;
  World world;
  std::vector<Reference> images;
  for (std::size_t i = 0; i < kImages; ++i) {
    std::vector<LayerRecipe> layers;
    for (std::size_t j = 0; j < kLayers; ++j) layers.push_back({.size = 200, .seed = 1 + i * kLayers + j});
    const Image image = make_image({.layers = layers});
    plant(world.outside, "apps/many", image);
    images.push_back({{world.outside.host(), "apps/many"}, {}, image.descriptor.digest});
  }
  const Reference bundle = world.push_bundle("bundles/many", images);
  const auto blobs = static_cast<long>(kImages * (kLayers + 1) + 2);
  const auto manifests = static_cast<long>(kImages + 1);

  world.outside.forget_requests();
  succeed_within(world, {"export", "-b", world.outside_ref("bundles/many"), "-o", "a.tar"});
  const auto reads = world.outside.requests();
  CHECK(count(reads, "GET", "/blobs/") >= blobs);
  CHECK(count(reads, "GET", "/blobs/") <= blobs + 5);
  CHECK(count(reads, "GET", "/manifests/") >= manifests);
  CHECK(count(reads, "GET", "/manifests/") <= manifests + 2);  // the locations, and one image where the bundle is
  CHECK(count(reads, "HEAD", "/") == 0);
  CHECK(reads.size() <= static_cast<std::size_t>(blobs + manifests) * 105 / 100);
  world.outside.stop();

  const Words import = {"import", "a.tar", "--to-repo", world.inside_repo("dest"), "--jobs", "8"};
  succeed_within(world, import);
  const auto requests = world.inside.requests();
  CHECK(count(requests, "PUT", "/blobs/uploads/") == blobs + 2);  // the locations image has a config and a layer
  // One trial whether a mount tells what is there, which then stands for HEAD and POST.
  CHECK(count(requests, "POST", "/blobs/uploads/") <= blobs + 2 + 1);
  CHECK(count(requests, "HEAD", "/blobs/") <= kUntilTrialEnds);
  CHECK(count(requests, "PUT", "/manifests/") == manifests + 3);  // the locations' two tags and the root's
  // Two requests a blob; a manifest is put under its tag and read back; a few that do not depend on how many there are.
  CHECK(requests.size() <= static_cast<std::size_t>(2 * (blobs + 2) + 2 * (manifests + 3) + kUntilTrialEnds + 15));
  CHECK(World::tags(world.inside, "dest").size() == kImages + 4);

  world.inside.forget_requests();
  succeed_within(world, import);
  CHECK(writes(world.inside).empty());
  CHECK(world.inside.requests().size() < 10);
  world.succeed({"pull", "-b", world.inside_repo("dest") + ":v1", "-o", "pulled"});
  const std::string lock = read_text(world.path("pulled/.imgpkg/images.yml"));
  CHECK(lock.find(world.outside.host()) == std::string::npos);
  CHECK(lock.find(images.back().digest->text()) != std::string::npos);
}
