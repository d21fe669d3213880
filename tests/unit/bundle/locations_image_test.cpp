#include <doctest/doctest.h>

#include <string>

#include "archive/layer_writer.hpp"
#include "archive/single_layer_image.hpp"
#include "base/fd.hpp"
#include "base/text.hpp"
#include "bundle/locations_image.hpp"
#include "lock_checks.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::string both_files(const std::string& name) {
  return imgpkg_fixture("locations-two-files-seed-and-released/" + name);
}

}  // namespace

TEST_CASE("a locations image with both files has the same bytes as imgpkg's") {
  const Locations locations = parse_locations(both_files("images-locations.yml"));
  const LocationsImage image = make_locations_image(locations);
  CHECK(image.config == both_files("config.json"));
  CHECK(image.layer == both_files("layer.tar.gz"));
  CHECK(image.manifest.bytes == both_files("manifest.json"));
  CHECK(image.manifest.descriptor.digest.text() == text::trim(both_files("DIGEST")));
}

TEST_CASE("a locations image with the released file only has the same bytes as imgpkg's") {
  for (const char* name : {"locations-inner-bundle/", "locations-outer-bundle/", "locations-empty-images-null/"}) {
    INFO(std::string(name));
    const std::string folder = std::string(FIXTURES) + "/imgpkg/" + name;
    const Locations locations = parse_locations(read_file(folder + "image-locations.yml", 1 << 20));
    StringSink layer(1 << 20);
    const PackedLayer packed = write_layer({{std::string(kImgpkgLocationsFile), to_imgpkg_yaml(locations)}}, layer);
    const SingleLayerImage image = make_single_layer_image(packed.diff_id, packed.layer, {});
    CHECK(image.manifest.descriptor.digest.text() == text::trim(read_file(folder + "DIGEST", 100)));
  }
}

TEST_CASE("the descriptors of a locations image describe its parts") {
  const LocationsImage image = make_locations_image({});
  CHECK(image.layer_descriptor.digest == sha256(image.layer));
  CHECK(image.layer_descriptor.size == image.layer.size());
  CHECK(image.layer_descriptor.media_type == media_type::kDockerLayerGzip);
  CHECK(image.config_descriptor.digest == sha256(image.config));
  CHECK(image.config_descriptor.size == image.config.size());
  const auto manifest = std::get<Manifest>(parse_manifest(image.manifest.bytes, media_type::kDockerManifest));
  REQUIRE(manifest.layers.size() == 1);
  CHECK(manifest.layers[0].digest == image.layer_descriptor.digest);
  CHECK(manifest.config.value().digest == image.config_descriptor.digest);
}

TEST_CASE("locations images differ where their locations differ") {
  Locations locations = parse_locations(both_files("images-locations.yml"));
  const Digest before = make_locations_image(locations).manifest.descriptor.digest;
  CHECK(make_locations_image(locations).manifest.descriptor.digest == before);
  locations.entries[0].repository.reset();
  CHECK(make_locations_image(locations).manifest.descriptor.digest != before);
}
