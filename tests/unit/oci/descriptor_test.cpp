#include "ociferry/descriptor.hpp"

#include <doctest/doctest.h>

using namespace ociferry;

TEST_CASE("media types are distinguished") {
  CHECK(media_type::is_index(media_type::kOciIndex));
  CHECK(media_type::is_index(media_type::kDockerManifestList));
  CHECK_FALSE(media_type::is_index(media_type::kOciManifest));
  CHECK(media_type::is_manifest(media_type::kOciManifest));
  CHECK(media_type::is_manifest(media_type::kDockerManifest));
  CHECK_FALSE(media_type::is_manifest(media_type::kDockerManifestList));
  CHECK_FALSE(media_type::is_manifest(""));
}

TEST_CASE("layers that must not be redistributed are recognised by their type") {
  CHECK(media_type::is_nondistributable("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"));
  CHECK(media_type::is_nondistributable("application/vnd.oci.image.layer.nondistributable.v1.tar"));
  CHECK(media_type::is_nondistributable("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"));
  CHECK_FALSE(media_type::is_nondistributable(media_type::kOciLayerGzip));
  CHECK_FALSE(media_type::is_nondistributable(media_type::kDockerLayerGzip));
}

TEST_CASE("tar layers are recognised by their type, with any compression") {
  for (const auto type :
       {media_type::kOciLayer, media_type::kOciLayerGzip, media_type::kOciLayerZstd, media_type::kDockerLayerGzip}) {
    CHECK(media_type::is_tar_layer(type));
  }
  CHECK(media_type::is_tar_layer("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"));
  CHECK_FALSE(media_type::is_tar_layer("application/vnd.cncf.helm.chart.content.v1.tar+gzip"));
  CHECK_FALSE(media_type::is_tar_layer(media_type::kOciConfig));
}

TEST_CASE("a platform is written with the fields that are set") {
  CHECK(to_string(Platform{"linux", "arm64", "v8", ""}) == "linux/arm64/v8");
  CHECK(to_string(Platform{"windows", "amd64", "", "10.0.17763.1"}) == "windows/amd64");
  CHECK(to_string(Platform{"linux", "", "", ""}) == "linux");
  CHECK(to_string(Platform{}) == "");
}
