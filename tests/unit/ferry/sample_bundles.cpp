#include "sample_bundles.hpp"

#include "archive/layer_writer.hpp"
#include "archive/single_layer_image.hpp"
#include "bundle/locations_image.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

namespace ociferry::testing {

namespace {

std::string layer_of(const std::map<std::string, std::string>& files) {
  StringSink sink(1 << 20);
  static_cast<void>(write_layer(files, sink));
  return sink.content;
}

Digest put_image(MemoryTarget& target, const std::string& layer, const std::map<std::string, std::string>& labels,
                 const std::string& tag = "") {
  const Descriptor blob = target.add_blob(layer, std::string(media_type::kDockerLayerGzip));
  const SingleLayerImage image = make_single_layer_image(sha256(layer), blob, labels);
  target.add_blob(image.config, image.config_descriptor.media_type);
  target.put_manifest(image.manifest, tag.empty() ? image.manifest.descriptor.digest.text() : tag);
  return image.manifest.descriptor.digest;
}

}  // namespace

std::shared_ptr<MemoryTarget> SampleWorld::repository(const std::string& name) {
  auto& target = repositories_[name];
  if (!target) target = std::make_shared<MemoryTarget>(parse_repository(name));
  return target;
}

OpenSource SampleWorld::opener() {
  return [this](const RepositoryName& name) -> std::shared_ptr<ImageSource> { return repository(to_string(name)); };
}

Reference SampleWorld::image(const std::string& repository, const std::string& content) {
  return {parse_repository(repository), std::nullopt,
          put_image(*this->repository(repository), layer_of({{"file", content}}), {})};
}

Reference SampleWorld::bundle(const std::string& repository, const std::vector<Reference>& images) {
  ImagesLock lock;
  for (const Reference& image : images) lock.images.push_back({.image = image});
  const std::string layer = layer_of({{std::string(kImagesLockPath), lock.to_yaml()}});
  return {parse_repository(repository), std::nullopt,
          put_image(*this->repository(repository), layer, {{std::string(kBundleLabel), "true"}})};
}

void SampleWorld::locations(const Reference& bundle, const std::string& yaml) {
  put_image(*repository(to_string(bundle.name)), layer_of({{std::string(kSeedLocationsFile), yaml}}), {},
            locations_tag(*bundle.digest));
}

Root root_of(const Reference& reference, SourceArgument::Kind kind, std::optional<std::string> tag) {
  return {.reference = reference, .tag = std::move(tag), .kind = kind};
}

}  // namespace ociferry::testing
