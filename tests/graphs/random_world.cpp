#include "random_world.hpp"

#include "archive/layer_writer.hpp"
#include "oci/json.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

namespace ociferry::testing {

namespace {

/// One family's media types.
struct Family {
  std::string_view manifest;
  std::string_view index;
  std::string_view config;
  std::string_view layer;
};
constexpr Family kDocker{media_type::kDockerManifest, media_type::kDockerManifestList, media_type::kDockerConfig,
                         media_type::kDockerLayerGzip};
constexpr Family kOci{media_type::kOciManifest, media_type::kOciIndex, media_type::kOciConfig, media_type::kOciLayer};
constexpr std::string_view kForeignLayer = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

Json to_json(const Descriptor& descriptor) {
  return Json::Object{
      {"mediaType", descriptor.media_type}, {"digest", descriptor.digest.text()}, {"size", descriptor.size}};
}

RawManifest raw_of(Json::Object body) {
  const std::string type = Json(body).string_at("mediaType");
  std::string bytes = Json(std::move(body)).dump();
  return {{type, sha256(bytes), bytes.size()}, bytes};
}

std::string config_text(std::string_view platform, bool is_bundle) {
  const std::string labels = is_bundle ? R"({"Labels":{"dev.carvel.imgpkg.bundle":"true"}})" : "{}";
  return R"({"architecture":")" + std::string(platform) + R"(","os":"linux","config":)" + labels +
         R"(,"rootfs":{"type":"layers","diff_ids":[]}})";
}

}  // namespace

RandomWorld::RandomWorld(std::uint64_t seed) : dice_(seed) {
  for (const char* name : {"r.example/apps/one", "r.example/apps/two", "s.example:5000/three"}) {
    names_.push_back(parse_repository(name));
    if (names_.size() > 1 && dice_.one_in(3)) break;
  }
  make_image();
  const std::uint64_t more = 2 + dice_.below(14);
  for (std::uint64_t i = 0; i < more; ++i) {
    switch (dice_.below(8)) {
      case 0:
      case 1: make_image(); break;
      case 2: make_index(); break;
      case 3:
      case 4:
      case 5: make_bundle(); break;
      case 6: make_referrer(); break;
      default: attach_by_tag(); break;
    }
  }
  choose_roots();
}

OpenSource RandomWorld::opener() {
  return [this](const RepositoryName& name) -> std::shared_ptr<ImageSource> { return repositories_.at(name); };
}

MemoryTarget& RandomWorld::repository(const RepositoryName& name) {
  auto& target = repositories_[name];
  if (!target) target = std::make_shared<MemoryTarget>(name);
  return *target;
}

Descriptor RandomWorld::blob(std::string bytes, std::string_view type) {
  for (const RepositoryName& name : names_) repository(name).add_blob(bytes, std::string(type));
  return {.media_type = std::string(type), .digest = sha256(bytes), .size = bytes.size()};
}

/// Puts a manifest, and first all that it is an index of, which may have been made in another repository.
void RandomWorld::put_with_all(const RepositoryName& name, const RawManifest& raw) {
  const auto parsed = parse_manifest(raw.bytes, raw.descriptor.media_type);
  for (const Descriptor& child : children_of(parsed)) put_with_all(name, manifests_.at(child.digest));
  repository(name).put_manifest(raw, raw.descriptor.digest.text());
}

RandomWorld::Made& RandomWorld::put(const RepositoryName& name, RawManifest raw, bool is_bundle) {
  manifests_.emplace(raw.descriptor.digest, raw);
  put_with_all(name, raw);
  made_.push_back({{name, std::nullopt, raw.descriptor.digest}, std::move(raw), is_bundle});
  return made_.back();
}

void RandomWorld::make_image() {
  const Family& family = dice_.one_in(2) ? kDocker : kOci;
  // An artifact's empty configuration is another one's layer.
  const std::string config = dice_.one_in(4) ? "{}" : config_text(dice_.one_in(2) ? "amd64" : "arm64", false);
  Json::Array layers;
  for (std::uint64_t i = dice_.below(4); i > 0; --i) {
    const std::string_view type = dice_.one_in(12) ? kForeignLayer : family.layer;
    const std::string content = dice_.one_in(8) ? "{}" : "layer " + std::to_string(dice_.below(5));
    layers.push_back(to_json(blob(content, type)));
  }
  Json::Object body{{"schemaVersion", 2},
                    {"mediaType", std::string(family.manifest)},
                    {"config", to_json(blob(config, family.config))},
                    {"layers", std::move(layers)}};
  if (dice_.one_in(4)) body.emplace_back("annotations", Json::Object{{"n", std::to_string(dice_.below(3))}});
  const Made made = put(any_repository(), raw_of(std::move(body)));
  if (dice_.one_in(3)) put(any_repository(), made.raw);  // the same image elsewhere
}

void RandomWorld::make_index() {
  const Family& family = dice_.one_in(2) ? kDocker : kOci;
  Json::Array children;
  std::set<Digest> listed;
  for (std::uint64_t i = 1 + dice_.below(3); i > 0; --i) {
    const Made& child = any();
    if (!listed.insert(child.raw.descriptor.digest).second && !dice_.one_in(3)) continue;
    children.push_back(to_json(child.raw.descriptor));
  }
  put(any_repository(),
      raw_of({{"schemaVersion", 2}, {"mediaType", std::string(family.index)}, {"manifests", std::move(children)}}));
}

void RandomWorld::make_bundle() {
  std::string yaml;
  if (!locks_.empty() && dice_.one_in(3)) {
    yaml = dice_.pick(locks_);  // another bundle of the same images
  } else {
    ImagesLock lock;
    for (std::uint64_t i = dice_.below(4); i > 0; --i) lock.images.push_back({.image = any().reference});
    yaml = lock.to_yaml();
    locks_.push_back(yaml);
  }
  const Family& family = dice_.one_in(2) ? kDocker : kOci;
  StringSink layer(1 << 20);
  static_cast<void>(
      write_layer({{std::string(kImagesLockPath), yaml}, {"file", std::to_string(dice_.below(3))}}, layer));
  const Descriptor content = blob(layer.content, media_type::kDockerLayerGzip);
  put(any_repository(),
      raw_of({{"schemaVersion", 2},
              {"mediaType", std::string(family.manifest)},
              {"config", to_json(blob(config_text("amd64", true), family.config))},
              {"layers", Json::Array{to_json(content)}}}),
      true);
}

void RandomWorld::make_referrer() {
  const Made subject = any();
  const std::string type = dice_.one_in(2) ? "application/spdx+json" : "application/vnd.example.note";
  Json::Object body{{"schemaVersion", 2},
                    {"mediaType", std::string(media_type::kOciManifest)},
                    {"artifactType", type},
                    {"config", to_json(blob("{}", "application/vnd.oci.empty.v1+json"))},
                    {"layers", Json::Array{to_json(blob("note " + std::to_string(dice_.below(4)), type))}},
                    {"subject", to_json(subject.raw.descriptor)}};
  put(dice_.one_in(4) ? any_repository() : subject.reference.name, raw_of(std::move(body)));
}

/// As cosign does; what is attached may be anything, and may be attached to several.
void RandomWorld::attach_by_tag() {
  const Made subject = any();
  const Made attached = any();
  if (attached.raw.descriptor.digest == subject.raw.descriptor.digest) return;
  const std::vector<std::string> suffixes{"sig", "att", "sbom"};
  const RepositoryName& name = dice_.one_in(4) ? any_repository() : subject.reference.name;
  put_with_all(name, attached.raw);
  repository(name).put_manifest(attached.raw, attachment_tag(subject.raw.descriptor.digest, dice_.pick(suffixes)));
}

void RandomWorld::choose_roots() {
  const std::vector<std::string> tags{"v1", "v2", "latest"};
  for (std::uint64_t i = 1 + dice_.below(4); i > 0; --i) {
    // The last ones made have the most below them.
    const Made& made = dice_.one_in(2) ? made_.back() : any();
    Root root{.reference = made.reference,
              .tag = std::nullopt,
              .kind = made.is_bundle ? SourceArgument::Kind::Bundle : SourceArgument::Kind::Image};
    if (!dice_.one_in(3)) root.tag = dice_.pick(tags);
    roots_.push_back(std::move(root));
  }
}

}  // namespace ociferry::testing
