#include "ferry/probe/samples.hpp"

#include <doctest/doctest.h>

#include "archive/unpacker.hpp"
#include "oci/json.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

// What a probe stores is what it claims to be.

using namespace ociferry;

TEST_CASE("the layers of a probe's images unpack to the tar that their configuration names") {
  const Samples samples = make_samples("ociferry-probe-0123456789ab");
  const Json config = Json::parse(samples.config.bytes, "configuration");
  const Json* const rootfs = config.find("rootfs");
  REQUIRE(rootfs != nullptr);
  const std::string diff_id = *rootfs->find("diff_ids")->as_array()->front().as_string();
  for (const SampleBlob* layer : {&samples.gzip_layer, &samples.zstd_layer, &samples.sha512_layer}) {
    CHECK(digest_of(layer->bytes, layer->descriptor.digest.algorithm()) == layer->descriptor.digest);
    StringSource packed(layer->bytes);
    Unpacker unpacked(packed, "layer");
    CHECK(sha256(read_all(unpacked, 64 * 1024)).text() == diff_id);
  }
}

TEST_CASE("the manifests of a probe are well-formed, and different for each probe") {
  const Samples samples = make_samples("ociferry-probe-0123456789ab");
  const Samples others = make_samples("ociferry-probe-0123456789ac");
  for (const auto member : {&Samples::oci_image, &Samples::docker_image, &Samples::oci_index, &Samples::docker_index,
                            &Samples::sparse_index, &Samples::artifact, &Samples::zstd_image, &Samples::sha512_image}) {
    const RawManifest& manifest = samples.*member;
    CHECK_NOTHROW(static_cast<void>(parse_manifest(manifest.bytes, manifest.descriptor.media_type)));
    CHECK(manifest.descriptor.digest == sha256(manifest.bytes));
    CHECK(manifest.descriptor.digest != (others.*member).descriptor.digest);
  }
  CHECK(samples.oci_image.descriptor.digest != samples.other_oci_image.descriptor.digest);
}
