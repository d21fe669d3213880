#pragma once

#include <map>
#include <string>
#include <vector>

#include "oci/manifest.hpp"

namespace ociferry {

/// Whose media types manifest and configuration have; the layer keeps its own.
enum class ImageFamily { Docker, Oci };

/// The manifest of an image with this configuration and these layers, in the compact form that imgpkg writes.
[[nodiscard]] RawManifest make_image_manifest(const Descriptor& config, const std::vector<Descriptor>& layers,
                                              ImageFamily family = ImageFamily::Docker);

/// Configuration and manifest of an image with one layer.
struct SingleLayerImage {
  std::string config;
  Descriptor config_descriptor;
  RawManifest manifest;
};

/// Builds config and manifest of an image with one gzip layer; in the Docker family byte-equal to imgpkg's.
/// `diff_id` is the digest of the uncompressed tar, `layer` describes the compressed one; labels sort by key.
[[nodiscard]] SingleLayerImage make_single_layer_image(const Digest& diff_id, const Descriptor& layer,
                                                       const std::map<std::string, std::string>& labels,
                                                       ImageFamily family = ImageFamily::Docker);

}  // namespace ociferry
