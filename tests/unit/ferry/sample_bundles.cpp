#include "sample_bundles.hpp"

#include "archive/layer_writer.hpp"
#include "archive/single_layer_image.hpp"
#include "bundle/locations_image.hpp"
#include "oci/json.hpp"
#include "oci/tag_names.hpp"
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

Json to_json(const Descriptor& descriptor) {
  return Json::Object{
      {"mediaType", descriptor.media_type}, {"digest", descriptor.digest.text()}, {"size", descriptor.size}};
}

Reference put_json(MemoryTarget& target, const RepositoryName& name, Json::Object body, const std::string& tag = "") {
  const std::string type = Json(body).string_at("mediaType");
  std::string bytes = Json(std::move(body)).dump();
  const RawManifest raw{{type, sha256(bytes), bytes.size()}, bytes};
  target.put_manifest(raw, tag.empty() ? raw.descriptor.digest.text() : tag);
  return {name, std::nullopt, raw.descriptor.digest};
}

}  // namespace

std::shared_ptr<MemoryTarget> SampleWorld::repository(const std::string& name) {
  const std::lock_guard lock(mutex_);
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

Reference SampleWorld::bundle(const std::string& repository, const std::vector<Reference>& images,
                              const std::string& content) {
  ImagesLock lock;
  for (const Reference& image : images) lock.images.push_back({.image = image});
  std::map<std::string, std::string> files{{std::string(kImagesLockPath), lock.to_yaml()}};
  if (!content.empty()) files.emplace("content", content);
  const std::string layer = layer_of(files);
  return {parse_repository(repository), std::nullopt,
          put_image(*this->repository(repository), layer, {{std::string(kBundleLabel), "true"}})};
}

Reference SampleWorld::artifact(const std::string& repository, const std::string& content,
                                const std::optional<Digest>& subject, const std::string& tag) {
  MemoryTarget& target = *this->repository(repository);
  Json::Object body{{"schemaVersion", 2},
                    {"mediaType", std::string(media_type::kOciManifest)},
                    {"artifactType", "application/spdx+json"},
                    {"config", to_json(target.add_blob("{}", "application/vnd.oci.empty.v1+json"))},
                    {"layers", Json::Array{to_json(target.add_blob(content, "application/spdx+json"))}}};
  if (subject) {
    body.emplace_back("subject", to_json({std::string(media_type::kDockerManifest), *subject, content.size()}));
  }
  return put_json(target, parse_repository(repository), std::move(body), tag);
}

Reference SampleWorld::index(const std::string& repository, const std::vector<Reference>& images,
                             const std::optional<Digest>& subject, const std::vector<Descriptor>& blobs) {
  MemoryTarget& target = *this->repository(repository);
  Json::Array children;
  for (const Reference& image : images) {
    children.push_back(to_json(target.manifest(image.digest->text()).value().descriptor));
  }
  for (const Descriptor& blob : blobs) children.push_back(to_json(blob));
  Json::Object body{
      {"schemaVersion", 2}, {"mediaType", std::string(media_type::kOciIndex)}, {"manifests", std::move(children)}};
  if (subject) body.emplace_back("subject", to_json(target.manifest(subject->text()).value().descriptor));
  return put_json(target, parse_repository(repository), std::move(body));
}

void SampleWorld::locations(const Reference& bundle, const std::string& yaml) {
  put_image(*repository(to_string(bundle.name)), layer_of({{std::string(kSeedLocationsFile), yaml}}), {},
            locations_tag(*bundle.digest));
}

Root root_of(const Reference& reference, SourceArgument::Kind kind, std::optional<std::string> tag) {
  return {.reference = reference, .tag = std::move(tag), .kind = kind};
}

}  // namespace ociferry::testing
