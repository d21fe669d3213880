#include "ferry/archive_contents.hpp"

#include <algorithm>
#include <deque>
#include <set>

#include "base/text.hpp"
#include "bundle/locations_image.hpp"
#include "ferry/absent_children.hpp"
#include "ferry/bundle_reader.hpp"
#include "ferry/docker_manifest.hpp"
#include "ferry/load_archive.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"
#include "stream/memory.hpp"
#include "transfer/caching_source.hpp"
#include "transfer/memory_blobs.hpp"

namespace ociferry {

namespace {

/// What readers need first lies first; within a group the digest decides.
enum class Group { Manifests, Configs, Locations, BundleLayers, Layers };

/// The manifests of a graph, which must outlive it, as blobs.
class ManifestBlobs : public BlobSource {
 public:
  explicit ManifestBlobs(const Graph& graph) : graph_(graph) {}
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::stop_token) override {
    return std::make_unique<StringSource>(graph_.at(blob.digest).raw.bytes);
  }

 private:
  const Graph& graph_;
};

/// A locations image in an archive: what nothing of an import needs, but what is promised to be whole.
struct StoredLocations {
  Graph::BlobNode manifest;
  Graph::BlobNode config;
  Graph::BlobNode layer;
};
using StoredLocationsByBundle = std::map<Digest, StoredLocations>;

class ContentsBuilder {
 public:
  /// `locations`: by bundle.
  ContentsBuilder(const ImageSet& set, const StoredLocationsByBundle& locations) : set_(set), locations_(locations) {}

  ArchiveContents build() {
    ArchiveContents contents{.items = make_items(), .docker_manifest = docker_manifest(set_), .blobs = {}};
    const auto order = blobs_in_order();
    contents.blobs.reserve(order.size());
    for (const Graph::BlobNode* blob : order) contents.blobs.push_back(*blob);
    return contents;
  }

  /// Call one of the two, once. The blobs belong to the set, to the locations, or to the builder.
  std::vector<const Graph::BlobNode*> blobs_in_order() {
    add_manifests();
    add_locations();
    add_layers();
    std::vector<std::pair<Group, const Graph::BlobNode*>> order;
    order.reserve(blobs_.size());
    for (const auto& [digest, entry] : blobs_) order.emplace_back(entry.first, entry.second);
    std::ranges::stable_sort(order, {}, [](const auto& entry) { return entry.first; });
    std::vector<const Graph::BlobNode*> blobs;
    blobs.reserve(order.size());
    for (const auto& [group, blob] : order) blobs.push_back(blob);
    return blobs;
  }

  [[nodiscard]] std::vector<ArchiveItem> make_items() const {
    std::vector<ArchiveItem> items;
    for (const SetImage& image : set_.images()) {
      ArchiveItem item{.descriptor = set_.graph().at(image.digest()).raw.descriptor,
                       .role = role_of(image),
                       .is_root = image.is_root,
                       .reference = image.reference,
                       .is_runnable = is_runnable(set_, image)};
      for (const Descriptor& child : absent_below(set_.graph(), image.digest())) item.absent.insert(child.digest);
      if (image.tags.empty()) items.push_back(item);
      for (const std::string& tag : image.tags) {
        item.tag = tag;
        items.push_back(item);
      }
    }
    for (const SetImage& bundle : set_.images()) {
      if (!bundle.is_bundle) continue;
      const Descriptor& locations = locations_.at(bundle.digest()).manifest.descriptor;
      items.push_back({.descriptor = locations,
                       .role = ArchiveRole::Locations,
                       .reference = {bundle.reference.name, std::nullopt, locations.digest},
                       .bundle = bundle.digest()});
    }
    return items;
  }

 private:
  /// `blob` belongs to the set, to the locations, or to `manifests_`.
  void add(Group group, const Graph::BlobNode& blob) { blobs_.try_emplace(blob.descriptor.digest, group, &blob); }

  void add_manifests() {
    const auto source = std::make_shared<ManifestBlobs>(set_.graph());
    for (const auto& [digest, node] : set_.graph().manifests()) {
      manifests_.push_back({.descriptor = node.raw.descriptor, .source = source});
      add(Group::Manifests, manifests_.back());
    }
  }

  void add_locations() {
    for (const auto& [bundle, image] : locations_) {
      add(Group::Manifests, image.manifest);
      add(Group::Configs, image.config);
      add(Group::Locations, image.layer);
    }
  }

  void add_layers() {
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

  static ArchiveRole role_of(const SetImage& image) {
    if (image.is_referrer) return ArchiveRole::Referrer;
    return image.is_bundle ? ArchiveRole::Bundle : ArchiveRole::Image;
  }

  const ImageSet& set_;
  const StoredLocationsByBundle& locations_;
  std::deque<Graph::BlobNode> manifests_;
  std::map<Digest, std::pair<Group, const Graph::BlobNode*>> blobs_;
};

StoredLocationsByBundle make_all_locations(const ImageSet& set) {
  StoredLocationsByBundle all;
  const auto made = std::make_shared<MemoryBlobs>();
  for (const SetImage& bundle : set.images()) {
    if (!bundle.is_bundle) continue;
    // The layout's own family: older readers of OCI archives pass over Docker manifests.
    const LocationsImage image = make_locations_image(locations_of(set, bundle, std::nullopt), ImageFamily::Oci);
    made->add(image.manifest.descriptor.digest, image.manifest.bytes);
    made->add(image.config_descriptor.digest, image.config);
    made->add(image.layer_descriptor.digest, image.layer);
    all.emplace(bundle.digest(), StoredLocations{.manifest = {image.manifest.descriptor, made},
                                                 .config = {image.config_descriptor, made},
                                                 .layer = {image.layer_descriptor, made}});
  }
  return all;
}

const SetImage& bundle_of(const ArchiveItem& item, const ImageSet& set) {
  const auto bundle = std::ranges::find(set.images(), *item.bundle, &SetImage::digest);
  if (bundle == set.images().end() || !bundle->is_bundle) {
    throw Error(ErrorCode::Corrupt, text::cat("locations for ", item.bundle->text(), ", which is no bundle in it"));
  }
  return *bundle;
}

/// Reads a locations image and checks what it says: its bytes may be those of another release of ociferry.
StoredLocations load_locations(const ArchiveItem& item, const ImageSet& set,
                               const std::shared_ptr<CachingSource>& source, const std::stop_token& stop) {
  auto raw = source->manifest(item.descriptor.digest.text());
  if (!raw) throw Error(ErrorCode::Incomplete, text::cat(item.descriptor.digest.text(), " is missing"));
  raw->descriptor.media_type = item.descriptor.media_type;
  const auto files = read_locations_files(*source, *raw, stop);
  const Locations expected = locations_of(set, bundle_of(item, set), std::nullopt);
  const std::pair<std::string_view, std::string> as_written[] = {{kSeedLocationsFile, to_seed_yaml(expected)},
                                                                 {kImgpkgLocationsFile, to_imgpkg_yaml(expected)}};
  for (const auto& [name, text] : as_written) {
    const auto file = files.find(std::string(name));
    const bool says_so = file != files.end() && (file->second == text || parse_locations(file->second) == expected);
    if (!says_so) {
      throw Error(ErrorCode::Corrupt,
                  text::cat(name, " of ", item.descriptor.digest.text(), " does not list the images of its bundle"));
    }
  }
  const auto manifest = std::get<Manifest>(parse_manifest(raw->bytes, raw->descriptor.media_type));
  static_cast<void>(source->read_blob(manifest.config.value(), limits::kConfigBytes, stop));
  return {.manifest = {raw->descriptor, source},
          .config = {*manifest.config, source},
          .layer = {manifest.layers.front(), source}};
}

StoredLocationsByBundle load_all_locations(const ArchiveReader& archive, const ImageSet& set,
                                           const std::shared_ptr<CachingSource>& source, const std::stop_token& stop) {
  StoredLocationsByBundle all;
  for (const ArchiveItem& item : archive.items()) {
    if (item.role == ArchiveRole::Locations) all.emplace(*item.bundle, load_locations(item, set, source, stop));
  }
  for (const SetImage& image : set.images()) {
    if (image.is_bundle && !all.contains(image.digest())) {
      throw Error(ErrorCode::Incomplete,
                  text::cat("the locations image of ", to_string(image.reference), " is missing"));
    }
  }
  return all;
}

std::vector<std::string> texts(const std::set<Digest>& digests) {
  std::vector<std::string> all;
  for (const Digest& digest : digests) all.push_back(digest.text());
  return all;
}

const Digest& digest_of(const Graph::BlobNode* blob) { return blob->descriptor.digest; }

/// Blobs that the graph needs and the archive lacks, or the other way round. Lists are made only of what is wrong,
/// since there may be very many.
void compare_blobs(const ArchiveReader& archive, const std::vector<const Graph::BlobNode*>& needed) {
  std::vector<std::string> missing;
  for (const Graph::BlobNode* blob : needed) {
    if (!archive.size_of(digest_of(blob))) missing.push_back(digest_of(blob).text());
  }
  if (!missing.empty()) {
    throw Error(ErrorCode::Incomplete, text::cat(archive.name(), " lacks ", missing.size(),
                                                 " blobs that its images need:\n  - ", text::join(missing, "\n  - ")));
  }
  if (needed.size() == archive.plan().members.size() - archive.plan().files()) return;
  std::set<Digest> surplus;
  for (const Descriptor& blob : archive.blobs()) surplus.insert(blob.digest);
  for (const Graph::BlobNode* blob : needed) surplus.erase(digest_of(blob));
  throw Error(ErrorCode::Corrupt,
              text::cat(archive.name(), " holds what nothing refers to: ", text::join(texts(surplus), ", ")));
}

/// Which order the blobs lie in is told by the seal, and is no business of a reader: another release may have chosen
/// another one.
void check_canonical(const ArchiveReader& archive, const ImageSet& set, const StoredLocationsByBundle& locations) {
  ContentsBuilder builder(set, locations);
  compare_blobs(archive, builder.blobs_in_order());
  const ArchiveFront& there = archive.plan().front;
  const ArchiveFront expected =
      make_front(encode_archive_index(builder.make_items(), there.edition), docker_manifest(set), there.edition);
  const auto differs = std::ranges::mismatch(there.contents, expected.contents).in1 - there.contents.begin();
  if (differs == std::ssize(there.contents)) return;
  throw Error(ErrorCode::Corrupt,
              text::cat(archive.name(), ": ", archive.plan().members.at(static_cast<std::size_t>(differs)).name(),
                        " is not what its images call for"));
}

}  // namespace

ArchiveContents archive_contents(const ImageSet& set) {
  const StoredLocationsByBundle locations = make_all_locations(set);
  return ContentsBuilder(set, locations).build();
}

std::vector<Descriptor> descriptors(const ArchiveContents& contents) {
  std::vector<Descriptor> all;
  all.reserve(contents.blobs.size());
  for (const Graph::BlobNode& blob : contents.blobs) all.push_back(blob.descriptor);
  return all;
}

ImageSet load_sealed_archive(const std::shared_ptr<ArchiveReader>& archive, const Context& context) {
  const auto source = std::make_shared<CachingSource>(archive, std::make_shared<CacheBudget>(kCacheBytes));
  LoadedImages loaded = load_images(*archive, source, context);
  ImageSet set(std::move(loaded.images), std::move(loaded.graph));
  check_complete(set);
  check_attached(set);
  check_nesting(set);
  try {
    check_canonical(*archive, set, load_all_locations(*archive, set, source, context.stop));
  } catch (Error& error) {
    error.while_doing(text::cat("checking ", archive->name()));
    throw;
  }
  return set;
}

}  // namespace ociferry
