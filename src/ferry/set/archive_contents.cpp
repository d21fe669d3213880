#include "ferry/set/archive_contents.hpp"

#include <algorithm>
#include <memory>

#include "base/text.hpp"
#include "bundle/locations_image.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/set/docker_manifest.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "transfer/memory_blobs.hpp"

namespace ociferry {

namespace {

/// Reads the manifests of a graph as blobs. The graph must outlive it.
class ManifestBlobs : public BlobSource {
 public:
  explicit ManifestBlobs(const Graph& graph) : graph_(graph) {}
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token) override {
    if (!graph_.contains(blob.digest)) throw Error(ErrorCode::NotFound, text::cat("no manifest ", blob.digest.text()));
    return std::make_unique<StringSource>(graph_.at(blob.digest).raw.bytes, offset);
  }

 private:
  const Graph& graph_;
};

ArchiveRole role_of(const SetImage& image) {
  if (image.is_referrer) return ArchiveRole::Referrer;
  return image.is_bundle ? ArchiveRole::Bundle : ArchiveRole::Image;
}

/// An entry for each of `tags`, or one without a tag.
void add_names(std::vector<ArchiveItem>& items, ArchiveItem item, const std::set<std::string>& tags) {
  if (tags.empty()) items.push_back(item);
  for (const std::string& tag : tags) {
    item.tag = tag;
    items.push_back(item);
  }
}

StoredLocationsByBundle make_all_locations(const ImageSet& set) {
  StoredLocationsByBundle all;
  const auto made = std::make_shared<MemoryBlobs>();
  for (const SetImage& bundle : set.images()) {
    if (!bundle.is_bundle) continue;
    // OCI types, like the layout: older readers ignore Docker manifests in OCI archives.
    const LocationsImage image = make_locations_image(relocatable_locations(set, bundle), ImageFamily::Oci);
    made->add(image.manifest.descriptor.digest, image.manifest.bytes);
    made->add(image.config_descriptor.digest, image.config);
    made->add(image.layer_descriptor.digest, image.layer);
    all.emplace(bundle.digest(), StoredLocations{.manifest = {image.manifest.descriptor, made},
                                                 .config = {image.config_descriptor, made},
                                                 .layer = {image.layer_descriptor, made}});
  }
  return all;
}

/// An import asks each of them.
std::vector<RepositoryName> some_places(const std::set<RepositoryName>& all) {
  constexpr std::size_t kMostPlaces = 4;
  std::vector<RepositoryName> some;
  for (const RepositoryName& name : all) {
    if (some.size() == kMostPlaces) break;
    some.push_back(name);
  }
  return some;
}

}  // namespace

std::vector<const Graph::BlobNode*> ContentsBuilder::blobs_in_order() {
  add_manifests();
  add_locations();
  add_layers();
  std::vector<std::pair<Group, const Graph::BlobNode*>> order;
  order.reserve(blobs_.size());
  for (const auto& [digest, entry] : blobs_) order.emplace_back(entry.first, entry.second);
  blobs_.clear();
  std::ranges::stable_sort(order, {}, [](const auto& entry) { return entry.first; });
  std::vector<const Graph::BlobNode*> blobs;
  blobs.reserve(order.size());
  for (const auto& [group, blob] : order) blobs.push_back(blob);
  return blobs;
}

std::vector<ArchiveItem> ContentsBuilder::make_items() const {
  std::vector<ArchiveItem> items;
  for (const SetImage& image : set_.images()) {
    ArchiveItem item{.descriptor = set_.graph().at(image.digest()).raw.descriptor,
                     .role = role_of(image),
                     .is_root = image.is_root,
                     .reference = image.reference,
                     .is_runnable = is_runnable(set_, image)};
    for (const Descriptor& child : absent_below(set_.graph(), image.digest())) item.absent.insert(child.digest);
    add_names(items, item, image.tags);
    for (const auto& [name, tags] : image.also) {
      item.reference.name = name;
      add_names(items, item, tags);
    }
  }
  for (const SetImage& bundle : set_.images()) {
    if (!bundle.is_bundle) continue;
    const Descriptor& locations = locations_.at(bundle.digest()).manifest.descriptor;
    items.push_back({.descriptor = locations,
                     .role = ArchiveRole::Locations,
                     .reference = Reference::by_digest(bundle.reference.name, locations.digest),
                     .bundle = bundle.digest()});
  }
  return items;
}

/// The set, the locations or `manifests_` owns `blob`.
void ContentsBuilder::add(Group group, const Graph::BlobNode& blob) {
  blobs_.try_emplace(blob.descriptor.digest, group, &blob);
}

void ContentsBuilder::add_manifests() {
  const auto source = std::make_shared<ManifestBlobs>(set_.graph());
  for (const auto& [digest, node] : set_.graph().manifests()) {
    manifests_.push_back({.descriptor = node.raw.descriptor, .source = source});
    add(Group::Manifests, manifests_.back());
  }
}

void ContentsBuilder::add_locations() {
  for (const auto& [bundle, image] : locations_) {
    add(Group::Manifests, image.manifest);
    add(Group::Configs, image.config);
    add(Group::Locations, image.layer);
  }
}

void ContentsBuilder::add_layers() {
  for (const auto& [digest, blob] : set_.graph().blobs()) {
    if (blob.is_config) add(Group::Configs, blob);
  }
  for (const SetImage& image : set_.images()) {
    if (!image.is_bundle) continue;
    for (const Descriptor& layer : set_.graph().blobs_of(image.digest())) {
      add(Group::BundleLayers, set_.graph().blobs().at(layer.digest));
    }
  }
  for (const auto& [digest, blob] : set_.graph().blobs()) add(Group::Layers, blob);
}

ArchiveContents archive_contents(const ImageSet& set, const Baseline& baseline) {
  const auto locations = std::make_shared<const StoredLocationsByBundle>(make_all_locations(set));
  const auto builder = std::make_shared<ContentsBuilder>(set, *locations);
  ArchiveContents contents{.items = builder->make_items(),
                           .docker_manifest = {},
                           .blobs = builder->blobs_in_order(),
                           .made = {locations, builder}};
  std::set<Digest> left_out;
  if (!baseline.blobs.empty()) {
    const std::set<Digest> separable = separable_layers(set);
    contents.all = descriptors(contents);
    std::erase_if(contents.blobs, [&](const Graph::BlobNode* blob) {
      const Descriptor& descriptor = blob->descriptor;
      const auto known = baseline.blobs.find(descriptor.digest);
      const bool is_held = known != baseline.blobs.end() && known->second.size == descriptor.size;
      if (!is_held || !separable.contains(descriptor.digest)) return false;
      contents.left_out.push_back({.blob = {.media_type = {}, .digest = descriptor.digest, .size = descriptor.size},
                                   .in = some_places(known->second.in)});
      left_out.insert(descriptor.digest);
      return true;
    });
  }
  if (!left_out.empty()) contents.builds_on = baseline.builds_on;
  contents.docker_manifest = docker_manifest(set, left_out);
  return contents;
}

std::set<Digest> separable_layers(const ImageSet& set) {
  std::set<Digest> layers;
  for (const auto& [digest, node] : set.graph().manifests()) {
    const auto* manifest = std::get_if<Manifest>(&node.parsed);
    if (manifest == nullptr) continue;
    for (const Descriptor& layer : manifest->layers) layers.insert(layer.digest);
  }
  const auto keep = [&](const Descriptor& blob) { layers.erase(blob.digest); };
  for (const auto& [digest, node] : set.graph().manifests()) {
    keep(node.raw.descriptor);
    const auto* manifest = std::get_if<Manifest>(&node.parsed);
    if (manifest != nullptr && manifest->config) keep(*manifest->config);
    std::ranges::for_each(children_of(node.parsed), keep);  // only their content tells blobs from manifests
  }
  for (const SetImage& image : set.images()) {
    if (image.is_bundle) std::ranges::for_each(set.graph().blobs_of(image.digest()), keep);
  }
  return layers;
}

ArchivePlan plan_of(const ArchiveContents& contents, const ImageSet& set) {
  if (contents.left_out.empty()) {
    return plan_archive(contents.items, descriptors(contents), contents.docker_manifest);
  }
  const ArchivePlan full = plan_archive(contents.items, contents.all, docker_manifest(set));
  const SealCodec& codec = seal_of_deltas();
  return plan_archive(codec, codec.write_files(contents.items, contents.docker_manifest), descriptors(contents), 0,
                      SealedDelta{.left_out = contents.left_out,
                                  .builds_on = contents.builds_on,
                                  .full_fingerprint = sha256(full.seal()),
                                  .full_bytes = full.total_bytes});
}

std::vector<Descriptor> descriptors(const ArchiveContents& contents) {
  std::vector<Descriptor> all;
  all.reserve(contents.blobs.size());
  for (const Graph::BlobNode* blob : contents.blobs) all.push_back(blob->descriptor);
  return all;
}

}  // namespace ociferry
