#include "ferry/archive_contents.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "bundle/locations_image.hpp"
#include "ferry/bundle_reader.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"
#include "transfer/caching_source.hpp"
#include "transfer/memory_blobs.hpp"

namespace ociferry {

namespace {

constexpr std::int64_t kCacheBytes = 16 * 1024 * 1024;

/// What readers need first lies first; within a group the digest decides.
enum class Group { Manifests, Configs, Locations, BundleLayers, Layers };

class ContentsBuilder {
 public:
  explicit ContentsBuilder(const ImageSet& set) : set_(set) {}

  ArchiveContents build() {
    add_manifests();
    add_locations();
    add_layers();
    ArchiveContents contents{.items = make_items(), .blobs = {}};
    std::vector<std::pair<Group, const Graph::BlobNode*>> order;
    for (const auto& [digest, entry] : blobs_) order.emplace_back(entry.first, &entry.second);
    std::ranges::stable_sort(order, {}, [](const auto& entry) { return entry.first; });
    for (const auto& [group, blob] : order) contents.blobs.push_back(*blob);
    return contents;
  }

 private:
  void add(Group group, const Graph::BlobNode& blob) { blobs_.try_emplace(blob.descriptor.digest, group, blob); }

  void add_made(Group group, const Descriptor& descriptor, const std::string& content) {
    made_->add(descriptor.digest, content);
    add(group, {.descriptor = descriptor, .source = made_});
  }

  void add_manifests() {
    for (const auto& [digest, node] : set_.graph().manifests()) {
      add_made(Group::Manifests, node.raw.descriptor, node.raw.bytes);
    }
  }

  void add_locations() {
    for (const SetImage& bundle : set_.images()) {
      if (!bundle.is_bundle) continue;
      // The layout's own family: older readers of OCI archives pass over Docker manifests.
      const LocationsImage image = make_locations_image(locations_of(set_, bundle, std::nullopt), ImageFamily::Oci);
      add_made(Group::Manifests, image.manifest.descriptor, image.manifest.bytes);
      add_made(Group::Configs, image.config_descriptor, image.config);
      add_made(Group::Locations, image.layer_descriptor, image.layer);
      locations_.emplace(bundle.digest(), image.manifest.descriptor);
    }
  }

  void add_layers() {
    for (const auto& [digest, blob] : set_.graph().blobs()) {
      if (blob.is_config) add(Group::Configs, blob);
    }
    for (const SetImage& image : set_.images()) {
      if (!image.is_bundle) continue;
      for (const Descriptor& layer : blobs_of(set_.graph().at(image.digest()).parsed)) {
        add(Group::BundleLayers, set_.graph().blobs().at(layer.digest));
      }
    }
    for (const auto& [digest, blob] : set_.graph().blobs()) add(Group::Layers, blob);
  }

  std::vector<ArchiveItem> make_items() const {
    std::vector<ArchiveItem> items;
    for (const SetImage& image : set_.images()) {
      items.push_back({.descriptor = set_.graph().at(image.digest()).raw.descriptor,
                       .role = image.is_bundle ? ArchiveRole::Bundle : ArchiveRole::Image,
                       .is_root = image.is_root,
                       .reference = image.reference,
                       .tag = image.tag});
    }
    for (const SetImage& bundle : set_.images()) {
      if (!bundle.is_bundle) continue;
      const Descriptor& locations = locations_.at(bundle.digest());
      items.push_back({.descriptor = locations,
                       .role = ArchiveRole::Locations,
                       .reference = {bundle.reference.name, std::nullopt, locations.digest},
                       .bundle = bundle.digest()});
    }
    return items;
  }

  const ImageSet& set_;
  std::shared_ptr<MemoryBlobs> made_ = std::make_shared<MemoryBlobs>();
  std::map<Digest, std::pair<Group, Graph::BlobNode>> blobs_;
  std::map<Digest, Descriptor> locations_;
};

SetImage load_image(const ArchiveItem& item, const std::shared_ptr<CachingSource>& source, Graph& graph,
                    const Context& context) {
  CachingSource& archive = *source;
  auto raw = archive.manifest(item.descriptor.digest.text());
  if (!raw) {
    throw Error(ErrorCode::Incomplete, text::cat("manifest ", item.descriptor.digest.text(), " is missing"));
  }
  raw->descriptor.media_type = item.descriptor.media_type;
  SetImage image{.reference = item.reference, .tag = item.tag, .is_root = item.is_root};
  image.is_bundle = is_bundle(archive, *raw, context.stop);
  if (image.is_bundle) image.lock = read_images_lock(archive, *raw, context.stop);
  graph.add(fetch_tree(archive, *std::move(raw)), source);
  return image;
}

/// Reads the locations images, which nothing else of an import needs: they are part of what is promised to be whole.
void check_locations(const ArchiveReader& archive, CachingSource& source, const std::stop_token& stop) {
  for (const ArchiveItem& item : archive.items()) {
    if (item.role != ArchiveRole::Locations) continue;
    const RawManifest raw = source.manifest(item.descriptor.digest.text()).value();
    for (const Descriptor& blob : blobs_of(parse_manifest(raw.bytes, raw.descriptor.media_type))) {
      static_cast<void>(source.read_blob(blob, limits::kLocationsLayerBytes, stop));
    }
  }
}

std::vector<std::string> texts(const std::set<Digest>& digests) {
  std::vector<std::string> all;
  for (const Digest& digest : digests) all.push_back(digest.text());
  return all;
}

/// Blobs that the graph needs and the archive lacks, or the other way round.
void compare_blobs(const ArchiveReader& archive, const std::vector<Descriptor>& needed) {
  std::set<Digest> held;
  for (const Descriptor& blob : archive.blobs()) held.insert(blob.digest);
  std::vector<std::string> missing;
  for (const Descriptor& blob : needed) {
    if (held.erase(blob.digest) == 0) missing.push_back(blob.digest.text());
  }
  if (!missing.empty()) {
    throw Error(ErrorCode::Incomplete, text::cat(archive.name(), " lacks ", missing.size(),
                                                 " blobs that its images need:\n  - ", text::join(missing, "\n  - ")));
  }
  if (!held.empty()) {
    throw Error(ErrorCode::Corrupt,
                text::cat(archive.name(), " holds what nothing refers to: ", text::join(texts(held), ", ")));
  }
}

void check_canonical(const ArchiveReader& archive, const ImageSet& set) {
  const ArchiveContents contents = archive_contents(set);
  const std::vector<Descriptor> needed = descriptors(contents);
  compare_blobs(archive, needed);
  const bool same_order = std::ranges::equal(needed, archive.blobs(), {}, &Descriptor::digest, &Descriptor::digest);
  if (same_order && encode_archive_index(contents.items) == archive.plan().index) return;
  throw Error(ErrorCode::Corrupt,
              text::cat(archive.name(), ": index.json or the order of blobs is not what its images call for"));
}

}  // namespace

ArchiveContents archive_contents(const ImageSet& set) { return ContentsBuilder(set).build(); }

std::vector<Descriptor> descriptors(const ArchiveContents& contents) {
  std::vector<Descriptor> all;
  for (const Graph::BlobNode& blob : contents.blobs) all.push_back(blob.descriptor);
  return all;
}

ImageSet load_archive(const std::shared_ptr<ArchiveReader>& archive, const Context& context) {
  const auto source = std::make_shared<CachingSource>(archive, std::make_shared<CacheBudget>(kCacheBytes));
  Graph graph;
  std::vector<SetImage> images;
  for (const ArchiveItem& item : archive->items()) {
    if (context.stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
    if (item.role == ArchiveRole::Locations) continue;
    try {
      images.push_back(load_image(item, source, graph, context));
    } catch (Error& error) {
      error.while_doing(text::cat("reading ", to_string(item.reference), " from ", archive->name()));
      throw;
    }
  }
  ImageSet set(std::move(images), std::move(graph));
  check_complete(set);
  check_canonical(*archive, set);
  check_locations(*archive, *source, context.stop);
  return set;
}

}  // namespace ociferry
