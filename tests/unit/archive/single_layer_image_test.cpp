#include <doctest/doctest.h>

#include "archive/single_layer_image.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;

namespace {

const Digest kDiffId = sha256("tar");
const Descriptor kLayer = {.media_type = std::string(media_type::kDockerLayerGzip), .digest = sha256("gz"), .size = 42};

std::string config(const std::map<std::string, std::string>& labels) {
  return make_single_layer_image(kDiffId, kLayer, labels).config;
}

}  // namespace

// Images that imgpkg pushed are compared with in layer_writer_test.cpp.
TEST_CASE("labels are sorted by key and escaped as Go does") {
  CHECK(config({{"z", "1"}, {"B", "<&>"}, {"a", "é\u2028"}})
            .ends_with(R"("config":{"Labels":{"B":"\u003c\u0026\u003e","a":"é\u2028","z":"1"}}})"));
}

TEST_CASE("an image without labels has an empty config section") {
  CHECK(config({}).ends_with(R"(],"os":"","rootfs":{"type":"layers","diff_ids":[")" + kDiffId.text() +
                             R"("]},"config":{}})"));
}

TEST_CASE("the manifest names config and layer, and can be parsed") {
  const SingleLayerImage image = make_single_layer_image(kDiffId, kLayer, {{"k", "v"}});
  CHECK(image.manifest.descriptor.digest == sha256(image.manifest.bytes));
  CHECK(image.manifest.descriptor.size == image.manifest.bytes.size());
  const auto manifest = std::get<Manifest>(parse_manifest(image.manifest.bytes, media_type::kDockerManifest));
  CHECK(manifest.config.value().digest == sha256(image.config));
  CHECK(manifest.config.value().size == image.config.size());
  REQUIRE(manifest.layers.size() == 1);
  CHECK(manifest.layers[0].digest == kLayer.digest);
  CHECK(manifest.layers[0].size == 42);
  CHECK(parse_image_config(image.config).labels.at("k") == "v");
}
