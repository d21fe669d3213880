#include "ferry/describe.hpp"

#include <map>
#include <set>
#include <utility>

#include "base/context.hpp"
#include "base/text.hpp"
#include "credentials/finding.hpp"
#include "ferry/gather/bundle_reader.hpp"
#include "ferry/gather/places.hpp"
#include "ferry/gather/registries.hpp"
#include "oci/limits.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/auth.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// The most entries in a description; a bundle is repeated wherever it occurs.
constexpr std::size_t kDescribedImages = 250'000;

using Type = DescribedImage::Type;

/// An image that a lock file lists, and its possible places.
struct ListedEntry {
  ImageRef ref = {};
  Places places = {};
};

/// Identifies a lookup: the tag or digest, and the places.
using Key = std::pair<std::string, Places>;
Key key_of(const ListedEntry& listed) { return {listed.ref.image.selector(), listed.places}; }

/// What was found about an image.
struct Facts {
  DescribedImage self = {};  ///< without origin, annotations and images, which depend on the bundle that lists it
  std::optional<DescribedImage> signature = {};
  std::vector<ListedEntry> listed = {};          ///< bundles
  std::optional<DescribedImage> locations = {};  ///< bundles
};

/// The child whose layers represent an index, chosen like imgpkg: for linux/amd64, or without a platform.
const Descriptor* usual_child(const ImageIndex& index) {
  for (const Descriptor& child : index.manifests) {
    const std::string& type = child.media_type;
    if (!type.empty() && !media_type::is_manifest(type) && !media_type::is_index(type)) continue;
    const bool fits = !child.platform || (child.platform->os == "linux" && child.platform->architecture == "amd64");
    if (fits) return &child;
  }
  return nullptr;
}

std::vector<Digest> layers_of(Resolver& source, ParsedManifest image) {
  for (std::size_t depth = 0;; ++depth) {
    check_depth("indexes", depth);
    if (const auto* manifest = std::get_if<Manifest>(&image.parsed)) {
      std::vector<Digest> layers;
      for (const Descriptor& layer : manifest->layers) layers.push_back(layer.digest);
      return layers;
    }
    const Descriptor* const child = usual_child(std::get<ImageIndex>(image.parsed));
    if (child == nullptr) return {};
    auto next = source.manifest(child->digest.text());
    if (!next) return {};  // an incomplete index is described without layers
    next->descriptor.media_type = child->media_type;
    image = parse(*std::move(next));
  }
}

class Describer {
 public:
  Describer(const DescribeOptions& options, const OpenSource& open_source, const Context& context)
      : options_(options), open_source_(open_source), context_(context) {}

  DescribedImage run() {
    const ListedEntry root{.ref = {.image = options_.bundle}, .places = {options_.bundle.name}};
    std::vector<ListedEntry> frontier = {root};
    for (std::size_t depth = 0; !frontier.empty(); ++depth) {
      check_depth("bundles", depth);
      frontier = explore(frontier);
    }
    DescribedImage description = tree(root);
    description.origin = description.image;
    return description;
  }

 private:
  /// Looks up all of `frontier` in parallel. Returns the images in their lock files that were not looked up yet.
  std::vector<ListedEntry> explore(const std::vector<ListedEntry>& frontier) {
    std::vector<Facts> found(frontier.size());
    run_parallel_or_throw(context_.jobs, frontier.size(), context_.stop,
                          [&](std::size_t i, const std::stop_token&) { found[i] = look(frontier[i]); });
    for (std::size_t i = 0; i < frontier.size(); ++i) facts_.emplace(key_of(frontier[i]), std::move(found[i]));
    std::map<Key, ListedEntry> next;
    for (const ListedEntry& parent : frontier) {
      for (const ListedEntry& child : facts_.at(key_of(parent)).listed) {
        if (!facts_.contains(key_of(child))) next.emplace(key_of(child), child);
      }
    }
    check_size(facts_.size() + next.size());
    std::vector<ListedEntry> wanted;
    for (auto& [key, listed] : next) wanted.push_back(std::move(listed));
    return wanted;
  }

  static void check_size(std::size_t images) {
    if (images <= kDescribedImages) return;
    throw Error(ErrorCode::Hostile, text::cat("the description would have more than ", kDescribedImages, " entries"));
  }

  std::shared_ptr<CachingSource> open(const RepositoryName& name) {
    return std::make_shared<CachingSource>(open_source_(name), cache_budget_);
  }

  Facts look(const ListedEntry& wanted) {
    const auto doing = [&] { return text::cat("describing ", to_string(wanted.ref.image)); };
    return with_context(doing, [&] {
      const Located found = locate(
          wanted.ref.image, wanted.places, [this](const RepositoryName& name) { return open(name); },
          *context_.progress);
      Facts facts{.self = without_layers(found.name, found.manifest.raw, Type::Image)};
      if (options_.layers) facts.self.layers = layers_of(*found.source, found.manifest);
      if (is_bundle(*found.source, found.manifest.parsed, context_.stop)) {
        facts.self.type = Type::Bundle;
        open_bundle(found, facts);
      } else if (wanted.ref.image == options_.bundle) {
        throw Error(ErrorCode::Usage,
                    text::cat("Only bundles can be described, and ", to_string(options_.bundle), " is not a bundle"));
      }
      if (options_.cosign_artifacts) facts.signature = find_signature(*found.source, facts.self.image);
      return facts;
    });
  }

  void open_bundle(const Located& found, Facts& facts) {
    const ImagesLock lock = read_images_lock(*found.source, found.manifest, context_.unpack, context_.stop);
    const auto locations =
        find_locations_image(*found.source, facts.self.image, lock, *context_.progress, context_.stop);
    if (locations) facts.locations = artifact(*found.source, found.name, locations->image, Type::Internal);
    const Locations* const content = locations && locations->content ? &*locations->content : nullptr;
    std::set<Digest> seen;
    for (const ImageRef& ref : lock.images) {
      if (!seen.insert(*ref.image.digest).second) continue;
      facts.listed.push_back({.ref = ref, .places = places_of(ref.image, found.name, content)});
    }
  }

  std::optional<DescribedImage> find_signature(CachingSource& source, const Reference& image) {
    const std::string tag = attachment_tag(*image.digest, "sig");
    try {
      const auto raw = source.manifest(tag);
      if (!raw) return std::nullopt;
      DescribedImage signature = artifact(source, image.name, *raw, Type::Signature);
      signature.annotations.emplace("tag", tag);
      return signature;
    } catch (const Error& error) {
      if (!is_refusal(error)) throw;
      context_.progress->debug(text::cat("the signature of ", to_string(image), " is left out: ", error.message()));
      return std::nullopt;
    }
  }

  static DescribedImage without_layers(const RepositoryName& name, const RawManifest& raw, Type type) {
    const Reference place = Reference::by_digest(name, raw.descriptor.digest);
    return {.type = type, .image = place, .origin = place};
  }

  /// A signature or locations image. If it is malformed, it is described without layers.
  DescribedImage artifact(CachingSource& source, const RepositoryName& name, const RawManifest& raw, Type type) {
    DescribedImage image = without_layers(name, raw, type);
    if (!options_.layers) return image;
    try {
      image.layers = layers_of(source, parse(raw));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Hostile) throw;
      context_.progress->warn(text::cat("the layers of ", to_string(image.image), " are left out: ", error.message()));
    }
    return image;
  }

  /// `listed` with everything below it. A bundle that occurs again is described again.
  DescribedImage tree(const ListedEntry& listed, std::size_t depth = 0) {
    check_size(++described_);
    check_depth("bundles", depth);
    const Facts& facts = facts_.at(key_of(listed));
    DescribedImage image = facts.self;
    image.origin = listed.ref.image;
    image.annotations = listed.ref.annotations;
    for (const ListedEntry& child : facts.listed) image.images.push_back(tree(child, depth + 1));
    if (image.type == Type::Bundle) add_artifacts(facts, image.images);
    return image;
  }

  void add_artifacts(const Facts& facts, std::vector<DescribedImage>& images) {
    const std::size_t before = images.size();
    if (facts.signature) images.push_back(*facts.signature);
    for (const ListedEntry& child : facts.listed) {
      if (const auto& signature = facts_.at(key_of(child)).signature) images.push_back(*signature);
    }
    if (facts.locations) images.push_back(*facts.locations);
    described_ += images.size() - before;
    check_size(described_);
  }

  const DescribeOptions& options_;
  const OpenSource& open_source_;
  const Context& context_;
  std::shared_ptr<CacheBudget> cache_budget_ = std::make_shared<CacheBudget>(kCacheBytes);
  std::map<Key, Facts> facts_;
  std::size_t described_ = 0;
};

}  // namespace

DescribedImage describe_bundle(const DescribeOptions& options, const OpenSource& open_source, const Context& context) {
  context.progress->phase("reading images", 0);
  return Describer(options, open_source, context).run();
}

DescribedImage describe(const DescribeOptions& options, const Context& context) {
  Registries registries(context);
  return describe_bundle(options, registries.opener(), context);
}

}  // namespace ociferry
