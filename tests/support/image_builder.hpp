#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oci/manifest.hpp"
#include "ociferry/descriptor.hpp"
#include "ociferry/reference.hpp"

namespace ociferry::testing {

class RegistryServer;

enum class ImageFamily { Docker, Oci };
enum class LayerCompression { None, Gzip, Zstd };

/// A layer: a tar archive that holds one file of `size` bytes, which depend on `seed` alone and do not compress.
struct LayerRecipe {
  std::uint64_t size = 1000;
  std::uint64_t seed = 1;
  LayerCompression compression = LayerCompression::Gzip;
  std::string media_type = {};  ///< empty: what the family and the compression say
  std::string tar = {};         ///< not empty: the archive itself, instead of one with that file
};

struct ImageRecipe {
  ImageFamily family = ImageFamily::Oci;
  std::vector<LayerRecipe> layers = {LayerRecipe{}};
  Platform platform = {"linux", "amd64", "", ""};
  std::map<std::string, std::string> labels = {};
};

/// An image or index, with all below it, in memory.
struct Image {
  Descriptor descriptor;                ///< of the image or index itself
  std::vector<RawManifest> manifests;   ///< children before their parents: the image or index itself is the last
  std::map<Digest, std::string> blobs;  ///< configs and layers
};

/// The same recipe gives the same bytes.
[[nodiscard]] Image make_image(const ImageRecipe& recipe = {});
/// An index (Docker: a manifest list) of images or indexes.
[[nodiscard]] Image make_index(const std::vector<Image>& children, ImageFamily family = ImageFamily::Oci);

/// An artifact of that type whose one layer is `payload`; attached to `subject` if there is one.
[[nodiscard]] Image make_artifact(const std::string& type, const std::string& payload,
                                  const std::optional<Descriptor>& subject = {});
/// A signature as cosign makes them: an image with a layer of its own type, for a tag made of the digest that it signs.
[[nodiscard]] Image make_signature();

/// Uploads everything and tags the image, unless `tag` is empty. Returns where it is, with tag and digest.
/// Throws Error if the registry does not take it.
Reference push_image(const RegistryServer& registry, const std::string& repository, const Image& image,
                     const std::string& tag = "");

/// Writes an OCI image layout; `name` becomes the image's org.opencontainers.image.ref.name.
void write_layout(const Image& image, const std::filesystem::path& directory, const std::string& name);

}  // namespace ociferry::testing
