// Manifests, indexes and image configurations of any bytes are parsed or refused as Hostile; what is parsed holds only
// well-formed digests, and the manifest that we would write for one of the layers parses to that layer. A list of
// referrers is refused, or takes one more and then has it.

#include "archive/single_layer_image.hpp"
#include "fuzz.hpp"
#include "oci/referrers_index.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

void check_descriptor(const Descriptor& descriptor) {
  testing::require(Digest::try_parse(descriptor.digest.text()) == descriptor.digest, "a digest is well formed");
}

void check_rewritten(const Descriptor& layer) {
  const SingleLayerImage image = make_single_layer_image(layer.digest, layer, {});
  const auto parsed = parse_manifest(image.manifest.bytes, image.manifest.descriptor.media_type);
  const auto* manifest = std::get_if<Manifest>(&parsed);
  testing::require(manifest != nullptr && manifest->layers.size() == 1, "our manifest has one layer");
  testing::require(manifest->layers[0].digest == layer.digest, "our manifest names the layer");
  testing::require(manifest->layers[0].size == layer.size, "our manifest sizes the layer");
}

void check_list(std::string_view text) {
  const std::string bytes = R"({"schemaVersion":2,"manifests":[]})";
  const Digest any = Digest::parse("sha256:" + std::string(64, '0'));
  const RawManifest referrer{{std::string(media_type::kOciIndex), any, bytes.size()}, bytes};
  const RawManifest list{{std::string(media_type::kOciIndex), any, text.size()}, std::string(text)};
  try {
    const auto longer = add_referrer(&list, referrer);
    if (!longer) return;
    const RawManifest again{{std::string(media_type::kOciIndex), any, longer->size()}, *longer};
    testing::require(!add_referrer(&again, referrer), "a list has what was added to it");
  } catch (const Error& error) {
    testing::require(error.code() == ErrorCode::Refused, "what is no list is Refused");
  }
}

template <typename Use>
void or_hostile(Use&& use) {
  try {
    use();
  } catch (const Error& error) {
    testing::require(error.code() == ErrorCode::Hostile, "a parse failure is Hostile");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = testing::fuzz_text(data, size);
  or_hostile([&] { static_cast<void>(parse_image_config(text)); });
  check_list(text);
  or_hostile([&] {
    const auto parsed = parse_manifest(text, {});
    if (const auto* index = std::get_if<ImageIndex>(&parsed)) {
      for (const Descriptor& child : index->manifests) check_descriptor(child);
      return;
    }
    const auto& manifest = std::get<Manifest>(parsed);
    if (manifest.config) check_descriptor(*manifest.config);
    for (const Descriptor& layer : manifest.layers) check_descriptor(layer);
    if (!manifest.layers.empty()) check_rewritten(manifest.layers.front());
  });
  return 0;
}
