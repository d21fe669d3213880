#include "ferry/deliver/relocation_plan.hpp"

#include <algorithm>
#include <map>

namespace ociferry {

namespace {

/// A blob of an archive that another repository of the destination's registry may have as well.
class MaybeElsewhere : public BlobSource {
 public:
  MaybeElsewhere(std::shared_ptr<BlobSource> inner, RepositoryName place)
      : inner_(std::move(inner)), place_(std::move(place)) {}
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token stop) override {
    return inner_->open(blob, offset, std::move(stop));
  }
  void fetch(const Descriptor& blob, ByteSink& sink, std::stop_token stop) override {
    inner_->fetch(blob, sink, std::move(stop));
  }
  [[nodiscard]] std::optional<RepositoryName> mountable_from() const override { return place_; }
  [[nodiscard]] std::string name_of(const Digest& blob) const override { return inner_->name_of(blob); }

 private:
  std::shared_ptr<BlobSource> inner_;
  RepositoryName place_;
};

/// Where the blobs of one image are read, and may be mounted, from.
Graph::BlobNode blob_of(const Graph::BlobNode& blob, const SetImage& image, const RepositoryName& to) {
  const RepositoryName& origin = image.reference.name;
  const bool may_be_elsewhere = !blob.source->home() && origin.registry == to.registry && origin != to;
  Graph::BlobNode node = blob;
  if (may_be_elsewhere) node.source = std::make_shared<MaybeElsewhere>(blob.source, origin);
  return node;
}

}  // namespace

RelocationPlan::RelocationPlan(const ImageSet& set, const RelocateOptions& options) : set_(set), options_(options) {
  plan_locations();
}

std::string RelocationPlan::tag_of(const SetImage& image) const {
  return options_.repository_tags ? repository_tag(image.reference) : image_tag(image.digest());
}

void RelocationPlan::plan_locations() {
  std::map<Digest, std::size_t> heights;
  // Returns how many levels of bundles there are from `bundle` down; 0 if it is none.
  const auto visit = [&](const auto& self, const SetImage* bundle) -> std::size_t {
    if (bundle == nullptr || !bundle->is_bundle) return 0;
    if (const auto known = heights.find(bundle->digest()); known != heights.end()) return known->second;
    std::size_t below = 0;
    for (const ImageRef& ref : bundle->lock.images) below = std::max(below, self(self, set_.find(*ref.image.digest)));
    if (locations_.size() <= below) locations_.resize(below + 1);
    locations_[below].push_back({bundle, make_locations_image(locations_of(set_, *bundle, options_.to.repository))});
    return heights.emplace(bundle->digest(), below + 1).first->second;
  };
  for (const SetImage& image : set_.images()) visit(visit, &image);
}

std::vector<PlannedManifest> RelocationPlan::image_tags() const {
  std::vector<PlannedManifest> tags;
  for (const SetImage& image : set_.images()) tags.push_back({&raw(image), tag_of(image)});
  return tags;
}

std::vector<std::vector<PlannedManifest>> RelocationPlan::steps(const std::vector<const SetImage*>& images,
                                                                const std::set<Digest>& untagged) const {
  std::vector<const SetImage*> plain;
  std::vector<const SetImage*> referrers;
  std::vector<PlannedManifest> inner;
  std::vector<PlannedManifest> roots;
  for (const SetImage* image : images) {
    if (!image->is_bundle) {
      (image->is_referrer ? referrers : plain).push_back(image);
    } else if (untagged.contains(image->digest())) {
      (image->is_root ? roots : inner).push_back({&raw(*image), tag_of(*image)});
    }
  }
  std::vector<std::vector<PlannedManifest>> steps;
  add_trees(plain, untagged, steps);
  steps.push_back(std::move(inner));
  steps.push_back(std::move(roots));
  add_trees(referrers, untagged, steps);
  return steps;
}

/// Adds a step for each height of the trees below `images`, the lowest first.
void RelocationPlan::add_trees(const std::vector<const SetImage*>& images, const std::set<Digest>& untagged,
                               std::vector<std::vector<PlannedManifest>>& steps) const {
  const Graph& graph = set_.graph();
  std::map<std::size_t, std::map<Digest, std::string>> by_height;
  for (const SetImage* image : images) {
    for (const Digest& digest : graph.closure(image->digest())) {
      const SetImage* own = set_.find(digest);
      if (own != nullptr && !untagged.contains(digest)) continue;
      by_height[graph.at(digest).height].emplace(digest, own == nullptr ? digest.text() : tag_of(*own));
    }
  }
  for (const auto& [height, manifests] : by_height) {
    std::vector<PlannedManifest> step;
    for (const auto& [digest, selector] : manifests) step.push_back({&graph.at(digest).raw, selector});
    steps.push_back(std::move(step));
  }
}

std::vector<Graph::BlobNode> RelocationPlan::blobs(const std::vector<const SetImage*>& images) const {
  const Graph& graph = set_.graph();
  // Of many blobs, copies are made once only; in the order of their digests, in which they lie in an archive.
  std::map<Digest, const SetImage*> users;
  for (const SetImage* image : images) {
    for (const Digest& manifest : graph.closure(image->digest())) {
      for (const Descriptor& blob : graph.blobs_of(manifest)) users.emplace(blob.digest, image);
    }
  }
  std::vector<Graph::BlobNode> blobs;
  blobs.reserve(users.size());
  for (const auto& [digest, blob] : graph.blobs()) {
    if (const auto user = users.find(digest); user != users.end()) {
      blobs.push_back(blob_of(blob, *user->second, options_.to));
    } else if (media_type::is_nondistributable(blob.descriptor.media_type)) {
      blobs.push_back(blob);  // a run without these layers leaves the same tags as one with them
    }
  }
  return blobs;
}

std::vector<PlannedManifest> RelocationPlan::tags(Tags which) const {
  std::vector<PlannedManifest> tags;
  for (const SetImage& image : set_.images()) {
    for (const std::string& tag : tags_to_put(image, options_.root_tags)) {
      const bool attaches = attachment_subject(tag).has_value();
      if (attaches == (which == Tags::Attaching)) tags.push_back({&raw(image), tag});
    }
  }
  return tags;
}

std::vector<PlannedManifest> RelocationPlan::marks() const {
  std::vector<PlannedManifest> marks;
  for (const SetImage& image : set_.images()) {
    const auto tags = tags_to_put(image, options_.root_tags);
    for (const std::string& tag : tags) marks.push_back({&raw(image), tag});
    // Images may be there under the tags of the other kind, with everything else in place: then no other tag is proof.
    // What bundles list is put before these.
    const bool is_late = image.is_root || image.is_referrer;
    if (is_late || options_.repository_tags) marks.push_back({&raw(image), tag_of(image)});
  }
  for (const auto& step : locations_) {
    for (const PlannedLocations& planned : step) marks.push_back(planned.mark());
  }
  return marks;
}

std::vector<PlacedRoot> RelocationPlan::roots() const {
  std::vector<PlacedRoot> roots;
  for (const SetImage& image : set_.images()) {
    if (!image.is_root) continue;
    const auto place = [&](const std::optional<std::string>& was, const std::string& is) {
      roots.push_back({{image.reference.name, was, image.digest()}, {options_.to, is, image.digest()}});
    };
    const auto tags = tags_to_put(image, options_.root_tags);
    for (const std::string& tag : tags) place(tag, tag);
    if (!tags.empty()) continue;
    for (const std::string& tag : image.tags) place(tag, tag_of(image));
    if (image.tags.empty()) place(std::nullopt, tag_of(image));
  }
  return roots;
}

}  // namespace ociferry
