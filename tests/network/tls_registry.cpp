#include "tls_registry.hpp"

#include "support/image_builder.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

TlsRegistry::TlsRegistry(TlsFlaw flaw)
    : directory_(temp_directory()),
      identity_(make_tls_identity(directory_.path(), flaw)),
      server_(registry_.handler(), {read_text(identity_.certificate), read_text(identity_.key)}) {
  add_image(registry_);
}

Words TlsRegistry::resolve(const std::string& host) const {
  return {"tag", "resolve", "-i", image_at(host), "--registry-ca-cert-path", identity_.authority.string()};
}

void add_image(FakeRegistry& registry, std::size_t layers) {
  ImageRecipe recipe;
  recipe.layers.clear();
  for (std::size_t i = 0; i < layers; ++i) recipe.layers.push_back({.seed = i + 1});
  const Image image = make_image(recipe);
  for (const auto& [digest, content] : image.blobs) registry.add_blob("team/app", content);
  const RawManifest& manifest = image.manifests.back();
  registry.add_manifest("team/app", manifest.bytes, manifest.descriptor.media_type, "v1");
}

}  // namespace ociferry::testing
