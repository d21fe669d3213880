#include <algorithm>

#include "archive/member_path.hpp"
#include "archive/packing.hpp"
#include "archive/single_layer_image.hpp"
#include "archive/unpacker.hpp"
#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "layout/archive_names.hpp"
#include "layout/foreign/listed_archive.hpp"
#include "layout/limits.hpp"
#include "oci/json.hpp"
#include "oci/limits.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"
#include "stream/read_buffer.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

Error malformed(std::string_view why) { return {ErrorCode::Hostile, text::cat("manifest.json: ", why)}; }

/// Hashes what is read through it.
class HashingSource : public ByteSource {
 public:
  explicit HashingSource(std::unique_ptr<ByteSource> inner) : inner_(std::move(inner)) {}
  [[nodiscard]] std::size_t read(MutableBytes buffer) override {
    const std::size_t got = inner_->read(buffer);
    hasher_.update(buffer.first(got));
    return got;
  }
  [[nodiscard]] Digest finish() { return hasher_.finish(); }

 private:
  std::unique_ptr<ByteSource> inner_;
  Hasher hasher_;
};

std::vector<std::string> texts(const Json* list, std::string_view what) {
  std::vector<std::string> all;
  if (list == nullptr || list->is_null()) return all;
  if (list->as_array() == nullptr) throw malformed(text::cat("\"", what, "\" is not a list"));
  for (const Json& value : *list->as_array()) {
    if (value.as_string() == nullptr) throw malformed(text::cat("\"", what, "\" has an element that is not a string"));
    all.push_back(*value.as_string());
  }
  return all;
}

class DockerReader {
 public:
  DockerReader(const FileTree& tree, const UnpackLimits& limits) : tree_(tree), limits_(limits) {}

  void add_image(const Json& entry) {
    const std::string named_path = entry.string_at("Config");
    if (named_path.empty()) throw malformed("an image has no Config");
    const std::string config_path = member_path(named_path);
    const std::string config = tree_.read(config_path, limits::kConfigBytes);
    RawManifest manifest = make_manifest(config, layers_of(config_path, config, texts(entry.find("Layers"), "Layers")));
    const ImageNames names = names_of(entry);
    if (auto line = note_of_names(names, manifest.descriptor.digest)) contents_.notes.push_back(*std::move(line));
    items_.add_named({.descriptor = manifest.descriptor, .is_root = true, .reference = {}}, names);
    contents_.manifests.emplace(manifest.descriptor.digest, std::move(manifest));
  }

  ListedContents take() {
    contents_.items = items_.take();
    return std::move(contents_);
  }

 private:
  std::vector<Descriptor> layers_of(const std::string& config_path, const std::string& config,
                                    const std::vector<std::string>& paths) {
    const Json parsed = Json::parse_leniently(config, tree_.describe(config_path));
    const Json* rootfs = parsed.find("rootfs");
    const auto diff_ids = texts(rootfs == nullptr ? nullptr : rootfs->find("diff_ids"), "diff_ids");
    if (diff_ids.size() != paths.size()) {
      throw malformed(text::cat("an image has ", paths.size(), " layers, but its configuration ", config_path,
                                " lists ", diff_ids.size()));
    }
    std::vector<Descriptor> layers;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const std::string path = member_path(paths[i]);
      layers.push_back(layer_in(path, Digest::parse(diff_ids[i])));
      contents_.layers.emplace(layers.back().digest, path);
    }
    return layers;
  }

  /// One zstd layer makes the whole image an OCI one: Docker has no media type for zstd, and families are not mixed.
  RawManifest make_manifest(const std::string& config, std::vector<Descriptor> layers) {
    const bool is_oci = std::ranges::any_of(
        layers, [](const Descriptor& layer) { return layer.media_type == media_type::kOciLayerZstd; });
    for (Descriptor& layer : layers) {
      if (!is_oci) break;
      if (layer.media_type == media_type::kDockerLayer) layer.media_type = media_type::kOciLayer;
      if (layer.media_type == media_type::kDockerLayerGzip) layer.media_type = media_type::kOciLayerGzip;
    }
    const Descriptor descriptor{.media_type = std::string(is_oci ? media_type::kOciConfig : media_type::kDockerConfig),
                                .digest = sha256(config),
                                .size = config.size()};
    contents_.configs.emplace(descriptor.digest, config);
    return make_image_manifest(descriptor, layers, is_oci ? ImageFamily::Oci : ImageFamily::Docker);
  }

  /// The digest of an uncompressed layer is its diff_id and is verified when the layer is read. A compressed one is
  /// read and hashed here.
  Descriptor layer_in(const std::string& path, const Digest& diff_id) {
    const auto known = compressed_.find({path, diff_id});
    if (known != compressed_.end()) return known->second;
    const auto size = tree_.size_of(path);
    if (!size) throw Error(ErrorCode::Incomplete, text::cat(tree_.describe(path), ", a layer, is missing"));
    const std::string_view packing = packing_in(path);
    if (packing.empty()) {
      return {.media_type = std::string(media_type::kDockerLayer), .digest = diff_id, .size = *size};
    }
    const bool is_gzip = packing == "gzip";
    if (!is_gzip && packing != "zstd") throw no_type(path, packing);
    const Descriptor layer{
        .media_type = std::string(is_gzip ? media_type::kDockerLayerGzip : media_type::kOciLayerZstd),
        .digest = hash_compressed(path, diff_id),
        .size = *size};
    compressed_.emplace(std::pair(path, diff_id), layer);
    return layer;
  }

  std::string_view packing_in(const std::string& path) const {
    const auto content = tree_.open(path, 0);
    const SniffedSource sniffed(*content);
    return packing_of(as_text(sniffed.head()));
  }

  Error no_type(const std::string& path, std::string_view packing) const {
    return Error(ErrorCode::Hostile, text::cat(tree_.describe(path), ", a layer, is packed with ", packing,
                                               ", for which registries have no media type"))
        .hint(text::cat("let skopeo unpack it: skopeo copy ", shell_word("docker-archive:" + tree_.name()),
                        " oci-archive:images.tar"));
  }

  Digest hash_compressed(const std::string& path, const Digest& diff_id) const {
    HashingSource packed(tree_.open(path, 0));
    Unpacker unpacker(packed, tree_.describe(path), limits_);
    Hasher unpacked(diff_id.algorithm());
    std::vector<std::byte> buffer(kReadBufferBytes);
    while (const std::size_t got = unpacker.read(buffer)) unpacked.update(MutableBytes(buffer).first(got));
    if (const Digest actual = unpacked.finish(); actual != diff_id) {
      throw Error(ErrorCode::Corrupt, text::cat(tree_.describe(path), " unpacks to ", actual.text(),
                                                ", but its image's configuration says ", diff_id.text()));
    }
    return packed.finish();
  }

  static ImageNames names_of(const Json& entry) {
    ImageNames names;
    for (const std::string& name : texts(entry.find("RepoTags"), "RepoTags")) {
      if (!name.empty()) names.add_reference(name);
    }
    return names;
  }

  const FileTree& tree_;
  UnpackLimits limits_;
  ListedContents contents_;
  ItemList items_;
  std::map<std::pair<std::string, Digest>, Descriptor> compressed_;
};

}  // namespace

ListedContents read_docker_archive(const FileTree& tree, const UnpackLimits& limits) {
  const Json list = Json::parse(tree.read("manifest.json", limits::kLayoutFileBytes), tree.describe("manifest.json"));
  if (list.as_array() == nullptr || list.as_array()->empty()) throw malformed("it lists no images");
  DockerReader reader(tree, limits);
  for (const Json& entry : *list.as_array()) reader.add_image(entry);
  return reader.take();
}

}  // namespace ociferry
