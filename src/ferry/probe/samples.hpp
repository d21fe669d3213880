#pragma once

#include <string>
#include <string_view>

#include "oci/manifest.hpp"

namespace ociferry {

struct SampleBlob {
  Descriptor descriptor;
  std::string bytes;
};

/// Tiny images and artifacts, one for each format that a registry may refuse. All contain the probe's mark, and nothing
/// that something else in a registry could contain: so their blobs and manifests can be deleted without harm to others.
struct Samples {
  SampleBlob config;
  SampleBlob other_config;  ///< with the same layers, for an image with another digest
  SampleBlob gzip_layer;
  SampleBlob zstd_layer;
  SampleBlob sha512_layer;  ///< not compressed; its descriptor has a sha512 digest

  RawManifest oci_image;
  RawManifest docker_image;
  RawManifest oci_index;     ///< of `oci_image`
  RawManifest docker_index;  ///< of `docker_image`
  RawManifest sparse_index;  ///< of `oci_image`, and one that does not exist
  RawManifest artifact;
  RawManifest zstd_image;
  RawManifest sha512_image;
  RawManifest other_oci_image;
  RawManifest other_docker_image;
};

[[nodiscard]] Samples make_samples(std::string_view mark);

}  // namespace ociferry
