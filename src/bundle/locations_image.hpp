#pragma once

#include <string>
#include <string_view>

#include "archive/single_layer_image.hpp"
#include "bundle/bundle.hpp"
#include "oci/manifest.hpp"

namespace ociferry {

/// The file of a locations image that released imgpkg reads, and the one that can name repositories.
inline constexpr std::string_view kImgpkgLocationsFile = "image-locations.yml";
inline constexpr std::string_view kSeedLocationsFile = "images-locations.yml";

/// All parts of a locations image, ready to be stored.
struct LocationsImage {
  RawManifest manifest;
  RawManifest oci_manifest;  ///< over the same blobs, in OCI's types, for registries that take no others
  std::string config;
  std::string layer;
  Descriptor config_descriptor;
  Descriptor layer_descriptor;
};

/// Builds the image that carries `locations`: one Docker gzip layer with both files, no labels. The same locations
/// make the same bytes. Registries get the Docker family, as imgpkg writes it; imgpkg reads either. Throws Error.
[[nodiscard]] LocationsImage make_locations_image(const Locations& locations, ImageFamily family = ImageFamily::Docker);

}  // namespace ociferry
