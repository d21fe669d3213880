#include "ferry/set/archive_contents.hpp"

#include <algorithm>
#include <memory>

#include "base/text.hpp"
#include "bundle/locations_image.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/set/docker_manifest.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
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
                           .docker_manifest = docker_manifest(set),
                           .blobs = builder->blobs_in_order(),
                           .made = {locations, builder}};
  std::erase_if(contents.blobs,
                [&](const Graph::BlobNode* blob) { return baseline.blobs.contains(blob->descriptor.digest); });
  return contents;
}

std::vector<Descriptor> descriptors(const ArchiveContents& contents) {
  std::vector<Descriptor> all;
  all.reserve(contents.blobs.size());
  for (const Graph::BlobNode* blob : contents.blobs) all.push_back(blob->descriptor);
  return all;
}

}  // namespace ociferry
