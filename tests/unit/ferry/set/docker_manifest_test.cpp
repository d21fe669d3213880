#include "ferry/set/docker_manifest.hpp"

#include <doctest/doctest.h>

#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "store/memory_target.hpp"
#include "support/image_builder.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// An image set that was not gathered, but put together.
class Cargo {
 public:
  void add(const Image& image, SetImage entry) {
    ManifestTree tree;
    for (auto raw = image.manifests.rbegin(); raw != image.manifests.rend(); ++raw) {
      tree.push_back({{*raw, parse_manifest(raw->bytes, raw->descriptor.media_type)}});
    }
    graph_.add(std::move(tree), source_);
    entry.reference.digest = image.descriptor.digest;
    images_.push_back(std::move(entry));
  }
  [[nodiscard]] ImageSet set() const { return {images_, graph_}; }

 private:
  std::shared_ptr<MemoryTarget> source_ = std::make_shared<MemoryTarget>();
  Graph graph_;
  std::vector<SetImage> images_;
};

SetImage root_image(const std::string& reference) {
  SetImage image{.reference = Reference::parse(reference), .is_root = true};
  if (auto& tag = image.reference.tag) image.tags = {*std::exchange(tag, std::nullopt)};
  return image;
}

Image platform(const std::string& architecture, const std::string& variant, std::uint64_t seed) {
  return make_image({.layers = {{.seed = seed}}, .platform = {"linux", architecture, variant, ""}});
}

Json listed(const Cargo& cargo) { return Json::parse(docker_manifest(cargo.set()), "manifest.json"); }

std::string repo_tags(const Json& entry) { return entry.find("RepoTags")->dump(); }

}  // namespace

TEST_CASE("an image is listed with its configuration, its layers and all its names") {
  Cargo cargo;
  const Image image = make_image({.layers = {{.seed = 1}, {.seed = 2}}});
  SetImage entry = root_image("nginx:1.25");
  entry.tags.insert("latest");
  cargo.add(image, entry);
  const Manifest manifest = std::get<Manifest>(parse_manifest(image.manifests.back().bytes, ""));
  const Json list = listed(cargo);
  REQUIRE(list.as_array()->size() == 1);
  const Json& only = list.as_array()->front();
  CHECK(only.string_at("Config") == "blobs/sha256/" + std::string(manifest.config.value().digest.hex()));
  CHECK(only.find("Layers")->as_array()->size() == 2);
  CHECK(*only.find("Layers")->as_array()->at(1).as_string() ==
        "blobs/sha256/" + std::string(manifest.layers[1].digest.hex()));
  CHECK(repo_tags(only) == R"(["docker.io/library/nginx:1.25","docker.io/library/nginx:latest"])");
}

TEST_CASE("an image without a tag is named by its digest") {
  Cargo cargo;
  const Image image = make_image();
  cargo.add(image, root_image("r.example/app"));
  CHECK(repo_tags(listed(cargo).as_array()->front()) ==
        R"(["r.example/app:)" + image_tag(image.descriptor.digest) + R"("])");
}

TEST_CASE("an index's amd64 image has the index's name, and other linux platforms names of their own") {
  Cargo cargo;
  cargo.add(make_index({platform("arm64", "v8", 1), platform("amd64", "", 2), platform("s390x", "", 3),
                        make_image({.layers = {{.seed = 4}}, .platform = {"windows", "amd64", "", ""}})}),
            root_image("r.example/app:v1"));
  const Json list = listed(cargo);
  REQUIRE(list.as_array()->size() == 3);
  CHECK(repo_tags(list.as_array()->at(0)) == R"(["r.example/app:v1-arm64-v8"])");
  CHECK(repo_tags(list.as_array()->at(1)) == R"(["r.example/app:v1"])");
  CHECK(repo_tags(list.as_array()->at(2)) == R"(["r.example/app:v1-s390x"])");
}

TEST_CASE("without amd64 the first platform has the index's name, and a name that gets too long is left out") {
  Cargo cargo;
  const std::string longest(128, 'x');
  cargo.add(make_index({platform("arm64", "v8", 1), platform("s390x", "", 2)}), root_image("r.example/app:" + longest));
  const Json list = listed(cargo);
  CHECK(repo_tags(list.as_array()->at(0)) == R"(["r.example/app:)" + longest + R"("])");
  CHECK(repo_tags(list.as_array()->at(1)) == "[]");
}

TEST_CASE("artifacts, signatures and incomplete images are not listed") {
  Cargo cargo;
  const Image image = make_image();
  cargo.add(make_artifact("application/x", "a chart"), root_image("r.example/chart:1"));
  cargo.add(make_signature(), {.reference = Reference::parse("r.example/app"), .is_referrer = true});
  const LayerRecipe foreign{.seed = 9, .media_type = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"};
  cargo.add(make_image({.family = testing::ImageFamily::Docker, .layers = {foreign}}),
            root_image("r.example/windows:1"));
  CHECK(docker_manifest(cargo.set()) == "[]");
  const ImageSet set = cargo.set();
  for (const SetImage& one : set.images()) CHECK_FALSE(is_runnable(set, one));
}

TEST_CASE("an image with an encrypted layer is not listed, alone or in an index, but keeps its name for runtimes") {
  const LayerRecipe encrypted{.seed = 8, .media_type = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"};
  const Image locked = make_image({.layers = {{.seed = 1}, encrypted}, .platform = {"linux", "amd64", "", ""}});
  Cargo cargo;
  cargo.add(locked, root_image("r.example/locked:1"));
  cargo.add(make_index({locked, platform("arm64", "", 2)}), root_image("r.example/app:1"));
  const Json list = listed(cargo);
  REQUIRE(list.as_array()->size() == 1);
  CHECK(repo_tags(list.as_array()->at(0)) == R"(["r.example/app:1"])");
  const ImageSet set = cargo.set();
  for (const SetImage& one : set.images()) CHECK(is_runnable(set, one));
}
