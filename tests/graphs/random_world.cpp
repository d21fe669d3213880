#include "random_world.hpp"

#include <algorithm>
#include <map>

#include "archive/layer_writer.hpp"
#include "oci/tag_names.hpp"
#include "odd_content.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

namespace ociferry::testing {

namespace {

constexpr std::size_t kLayerBytes = 30'000;  ///< so that archives are larger than the smallest volume

/// One family's media types.
struct Family {
  std::string manifest;
  std::string index;
  std::string config;
  std::string layer;
};
const Family& any_family(Dice& dice) {
  static const std::vector<Family> kFamilies{
      {std::string(media_type::kDockerManifest), std::string(media_type::kDockerManifestList),
       std::string(media_type::kDockerConfig), std::string(media_type::kDockerLayerGzip)},
      {std::string(media_type::kOciManifest), std::string(media_type::kOciIndex), std::string(media_type::kOciConfig),
       std::string(media_type::kOciLayer)}};
  return dice.pick(kFamilies);
}
const std::string kForeignLayer = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
const std::string kEmptyType = "application/vnd.oci.empty.v1+json";
const std::string kAboutAnother = "vnd.docker.reference.type";

/// A repository that may have no referrers API, and takes whatever index it is given.
class Place : public MemoryTarget {
 public:
  Place(const RepositoryName& name, bool has_referrers_api)
      : MemoryTarget(name, SparseIndexes::Taken), has_referrers_api_(has_referrers_api) {}
  std::optional<std::vector<Descriptor>> referrers(const Digest& subject) override {
    return has_referrers_api_ ? MemoryTarget::referrers(subject) : std::nullopt;
  }

 private:
  bool has_referrers_api_;
};

Json::Object to_json(const Descriptor& descriptor) {
  Json::Object json;
  if (!descriptor.media_type.empty()) json.emplace_back("mediaType", descriptor.media_type);
  json.emplace_back("digest", descriptor.digest.text());
  json.emplace_back("size", descriptor.size);
  return json;
}

/// `says_type` false: as OCI allows, the manifest does not say what it is.
RawManifest raw_of(Json::Object body, bool says_type = true, std::string_view algorithm = "sha256") {
  const std::string type = Json(body).string_at("mediaType");
  if (!says_type) std::erase_if(body, [](const auto& member) { return member.first == "mediaType"; });
  std::string bytes = Json(std::move(body)).dump();
  return {{type, digest_of(bytes, algorithm), bytes.size()}, bytes};
}

RawManifest index_of(const std::string& type, Json children, Json::Object more = {}) {
  Json::Object body{{"schemaVersion", 2}, {"mediaType", type}, {"manifests", std::move(children)}};
  std::ranges::move(more, std::back_inserter(body));
  return raw_of(std::move(body));
}

/// What no repository has.
Descriptor nowhere(std::uint64_t number, std::string type) {
  const std::string text = "absent " + std::to_string(number);
  return {.media_type = std::move(type), .digest = sha256(text), .size = text.size()};
}

std::string config_text(std::string_view platform, bool is_bundle) {
  const std::string labels = is_bundle ? R"({"Labels":{"dev.carvel.imgpkg.bundle":"true"}})" : "{}";
  return R"({"architecture":")" + std::string(platform) + R"(","os":"linux","config":)" + labels +
         R"(,"rootfs":{"type":"layers","diff_ids":[]}})";
}

}  // namespace

RandomWorld::RandomWorld(std::uint64_t seed) : dice_(seed), has_referrers_api_(!dice_.one_in(3)) {
  for (const char* name : {"r.example/apps/one", "r.example/apps/two", "s.example:5000/three"}) {
    names_.push_back(parse_repository(name));
    if (dice_.one_in(3)) break;
  }
  make_image();
  const std::uint64_t more = 2 + dice_.below(14);
  for (std::uint64_t i = 0; i < more; ++i) {
    switch (dice_.below(10)) {
      case 0:
      case 1: make_image(); break;
      case 2:
      case 3: make_index(); break;
      case 4:
      case 5:
      case 6: make_bundle(); break;
      case 7:
      case 8: make_referrer(); break;
      default: attach_by_tag(); break;
    }
  }
  if (!has_referrers_api_ && dice_.one_in(2)) list_falsely();
  choose_roots();
  if (dice_.one_in(30)) add_sha512_manifest();
}

OpenSource RandomWorld::opener() {
  return [this](const RepositoryName& name) -> std::shared_ptr<ImageSource> { return repositories_.at(name); };
}

MemoryTarget& RandomWorld::repository(const RepositoryName& name) {
  auto& target = repositories_[name];
  if (!target) target = std::make_shared<Place>(name, has_referrers_api_);
  return *target;
}

/// Every repository has all blobs.
Descriptor RandomWorld::blob(std::string bytes, const std::string& type) {
  const std::string_view algorithm = dice_.one_in(20) ? "sha512" : "sha256";
  for (const RepositoryName& name : names_) repository(name).add_blob(bytes, type, algorithm);
  return {.media_type = type, .digest = digest_of(bytes, algorithm), .size = bytes.size()};
}

/// Puts a manifest, and first all that it is an index of, which may have been made in another repository.
void RandomWorld::put_with_all(const RepositoryName& name, const RawManifest& raw) {
  const auto parsed = parse_manifest(raw.bytes, raw.descriptor.media_type);
  for (const Descriptor& child : children_of(parsed)) {
    const auto known = manifests_.find(child.digest);
    if (known != manifests_.end()) put_with_all(name, known->second);
  }
  repository(name).put_manifest(raw, raw.descriptor.digest.text());
  if (const Descriptor* subject = subject_of(parsed)) list(name, subject->digest, raw.descriptor);
}

/// Without the API, whoever puts a manifest with a subject puts it on the list of that.
void RandomWorld::list(const RepositoryName& name, const Digest& subject, const Descriptor& entry) {
  if (has_referrers_api_) return;
  const std::string tag = referrers_tag(subject);
  Json::Array entries;
  if (const auto old = repository(name).manifest(tag)) {
    const auto parsed = parse_manifest(old->bytes, old->descriptor.media_type);
    for (const Descriptor& one : children_of(parsed)) {
      if (one.digest == entry.digest) return;
      entries.emplace_back(to_json(one));
    }
  }
  entries.emplace_back(to_json(entry));
  repository(name).put_manifest(index_of(std::string(media_type::kOciIndex), std::move(entries)), tag);
}

RandomWorld::Made& RandomWorld::put(const RepositoryName& name, RawManifest raw, bool is_bundle) {
  manifests_.emplace(raw.descriptor.digest, raw);
  put_with_all(name, raw);
  made_.push_back({{name, std::nullopt, raw.descriptor.digest}, std::move(raw), is_bundle});
  return made_.back();
}

std::string RandomWorld::config(std::string_view platform) {
  return dice_.one_in(4) ? odd_config(dice_) : config_text(platform, false);
}

void RandomWorld::make_image() {
  const Family& family = any_family(dice_);
  // An artifact's empty configuration is another one's layer.
  const bool is_artifact = dice_.one_in(6);
  const Descriptor config_blob = is_artifact ? blob("{}", dice_.one_in(2) ? kEmptyType : family.config)
                                             : blob(config(dice_.one_in(2) ? "amd64" : "arm64"), family.config);
  Json::Array layers;
  for (std::uint64_t i = dice_.below(4); i > 0; --i) {
    std::string content = "{}";
    if (!dice_.one_in(8)) {
      const std::uint64_t number = dice_.below(5);
      content = "layer " + std::to_string(number);
      content.resize(number * kLayerBytes + content.size(), 'x');
    }
    layers.emplace_back(to_json(blob(content, dice_.one_in(12) ? kForeignLayer : family.layer)));
  }
  const bool says_layers = !layers.empty() || dice_.one_in(2);
  Json::Object body{{"schemaVersion", 2},
                    {"mediaType", family.manifest},
                    {"config", to_json(config_blob)},
                    {"layers", says_layers ? Json(std::move(layers)) : Json(nullptr)}};
  if (dice_.one_in(4)) body.emplace_back("annotations", Json::Object{{"n", std::to_string(dice_.below(3))}});
  if (dice_.one_in(8)) body.emplace_back("subject", nullptr);
  const Made made = put(any_repository(), raw_of(std::move(body), !dice_.one_in(6)));
  if (dice_.one_in(3)) put(any_repository(), made.raw);  // the same image elsewhere
}

/// An index's entry for a manifest that is there.
Json::Object RandomWorld::child(const Descriptor& manifest) {
  Descriptor shown = manifest;
  if (dice_.one_in(8)) shown.media_type.clear();
  if (dice_.one_in(10)) shown.media_type = odd_type(dice_);
  Json::Object json = to_json(shown);
  if (dice_.one_in(2)) json.emplace_back("platform", Json::Object{{"os", "linux"}, {"architecture", "amd64"}});
  if (dice_.one_in(10)) json.emplace_back("annotations", Json::Object{{kAboutAnother, "attestation-manifest"}});
  return json;
}

/// What an index may list beside images that are there.
Json::Array RandomWorld::odd_children() {
  Json::Array children;
  if (dice_.one_in(5)) {
    children.emplace_back(to_json(blob("thing " + std::to_string(dice_.below(3)), odd_type(dice_))));
  }
  if (dice_.one_in(8)) children.emplace_back(to_json(blob(config("amd64"), std::string(media_type::kOciConfig))));
  if (dice_.one_in(3)) {
    const std::string type = dice_.one_in(4) ? "" : dice_.one_in(4) ? odd_type(dice_) : any_family(dice_).manifest;
    children.emplace_back(to_json(nowhere(dice_.below(3), type)));
  }
  if (dice_.one_in(8)) {  // an index of which nothing is there
    const std::string type(media_type::kOciIndex);
    const RawManifest hollow =
        index_of(type, Json::Array{to_json(nowhere(dice_.below(3), std::string(media_type::kOciManifest)))});
    manifests_.emplace(hollow.descriptor.digest, hollow);
    children.emplace_back(to_json(hollow.descriptor));
  }
  return children;
}

void RandomWorld::make_index() {
  const Family& family = any_family(dice_);
  Json::Array children;
  if (dice_.one_in(12)) {
    put(any_repository(), index_of(family.index, dice_.one_in(2) ? Json(nullptr) : Json(std::move(children))));
    return;
  }
  const Descriptor first = any().raw.descriptor;
  children.emplace_back(to_json(first));  // what makes an index worth carrying, whatever else is absent
  std::set<Digest> listed{first.digest};
  for (std::uint64_t i = dice_.below(3); i > 0; --i) {
    const Descriptor next = any().raw.descriptor;
    if (!listed.insert(next.digest).second && !dice_.one_in(3)) continue;
    children.emplace_back(child(next));
  }
  for (Json& odd : odd_children()) children.push_back(std::move(odd));
  Json::Object more;
  if (dice_.one_in(6)) more.emplace_back("subject", to_json(any().raw.descriptor));
  put(any_repository(), index_of(family.index, std::move(children), std::move(more)));
}

void RandomWorld::make_bundle() {
  std::string yaml;
  if (!locks_.empty() && dice_.one_in(2)) {
    yaml = dice_.pick(locks_);  // another bundle of the same images
  } else {
    ImagesLock lock;
    for (std::uint64_t i = dice_.below(4); i > 0; --i) lock.images.push_back({.image = any().reference});
    yaml = lock.to_yaml();
    locks_.push_back(yaml);
  }
  const Family& family = any_family(dice_);
  StringSink layer(1 << 20);
  static_cast<void>(
      write_layer({{std::string(kImagesLockPath), yaml}, {"file", std::to_string(dice_.below(3))}}, layer));
  const Descriptor content = blob(layer.content, std::string(media_type::kDockerLayerGzip));
  const std::string config = dice_.one_in(5) ? odd_bundle_config(dice_) : config_text("amd64", true);
  put(any_repository(),
      raw_of({{"schemaVersion", 2},
              {"mediaType", family.manifest},
              {"config", to_json(blob(config, family.config))},
              {"layers", Json::Array{to_json(content)}}},
             !dice_.one_in(6)),
      true);
}

void RandomWorld::make_referrer() {
  const Made subject = any();
  const std::string type = dice_.one_in(2) ? "application/spdx+json" : "application/vnd.example.note";
  Json::Object body{{"schemaVersion", 2},
                    {"mediaType", std::string(media_type::kOciManifest)},
                    {"artifactType", type},
                    {"config", to_json(blob("{}", kEmptyType))},
                    {"layers", Json::Array{to_json(blob("note " + std::to_string(dice_.below(4)), type))}},
                    {"subject", to_json(subject.raw.descriptor)}};
  const Made made =
      put(dice_.one_in(4) ? any_repository() : subject.reference.name, raw_of(std::move(body), !dice_.one_in(6)));
  if (!dice_.one_in(3)) return;
  for (const RepositoryName& name : names_) put_with_all(name, made.raw);
  attached_.push_back({subject.raw.descriptor.digest, made.raw.descriptor.digest});
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

/// Puts on the list of something what is not attached to it, what is not there, and what is no manifest.
void RandomWorld::list_falsely() {
  const Digest subject = any().raw.descriptor.digest;
  const Descriptor other = any().raw.descriptor;
  const std::vector<Descriptor> entries{other, nowhere(7, std::string(media_type::kOciManifest)),
                                        blob("no manifest", "text/plain")};
  for (const Descriptor& entry : entries) {
    if (entry.digest == subject) continue;
    for (const RepositoryName& name : names_) list(name, subject, entry);
    attached_.push_back({subject, entry.digest});
  }
}

void RandomWorld::choose_roots() {
  const std::vector<std::string> tags{"v1", "v2", "latest"};
  std::map<std::pair<RepositoryName, std::string>, Digest> tagged;  // a repository has each tag once
  for (std::uint64_t i = 1 + dice_.below(4); i > 0; --i) {
    // The last ones made have the most below them.
    const Made& made = dice_.one_in(2) ? made_.back() : any();
    Root root{.reference = made.reference,
              .tag = std::nullopt,
              .kind = made.is_bundle ? SourceArgument::Kind::Bundle : SourceArgument::Kind::Image};
    if (!dice_.one_in(3)) {
      const std::string& tag = dice_.pick(tags);
      const Digest& digest = *root.reference.digest;
      if (tagged.try_emplace({root.reference.name, tag}, digest).first->second == digest) root.tag = tag;
    }
    roots_.push_back(std::move(root));
  }
}

/// Registries would keep it by another digest than its index says.
void RandomWorld::add_sha512_manifest() {
  has_sha512_manifest_ = true;
  Json::Object body{{"schemaVersion", 2},
                    {"mediaType", std::string(media_type::kOciManifest)},
                    {"config", to_json(blob(config_text("amd64", false), std::string(media_type::kOciConfig)))},
                    {"layers", Json::Array{}}};
  const RawManifest image = raw_of(std::move(body), true, "sha512");
  manifests_.emplace(image.descriptor.digest, image);
  const bool is_child = dice_.one_in(2);
  const std::string type(media_type::kOciIndex);
  const Made made = put(any_repository(), is_child ? index_of(type, Json::Array{to_json(image.descriptor)}) : image);
  roots_.push_back({.reference = made.reference, .tag = std::nullopt, .kind = SourceArgument::Kind::Image});
}

}  // namespace ociferry::testing
