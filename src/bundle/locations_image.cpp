#include "bundle/locations_image.hpp"

#include <utility>

#include "archive/layer_writer.hpp"
#include "bundle/limits.hpp"
#include "stream/memory.hpp"

namespace ociferry {

LocationsImage make_locations_image(const Locations& locations, ImageFamily family) {
  StringSink layer(limits::kLocationsLayerBytes);
  const PackedLayer packed = write_layer({{std::string(kImgpkgLocationsFile), to_imgpkg_yaml(locations)},
                                          {std::string(kSeedLocationsFile), to_seed_yaml(locations)}},
                                         layer);
  SingleLayerImage image = make_single_layer_image(packed.diff_id, packed.layer, {}, family);
  SingleLayerImage oci = make_single_layer_image(packed.diff_id, packed.layer, {}, ImageFamily::Oci);
  return {.manifest = std::move(image.manifest),
          .oci_manifest = std::move(oci.manifest),
          .config = std::move(image.config),
          .layer = std::move(layer.content),
          .config_descriptor = std::move(image.config_descriptor),
          .layer_descriptor = packed.layer};
}

}  // namespace ociferry
