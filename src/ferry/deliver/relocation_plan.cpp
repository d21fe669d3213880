#include "ferry/deliver/relocation_plan.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "oci/tag_names.hpp"

namespace ociferry {

namespace {

/// The tag that an image is kept under in each of its repositories.
std::string kept_tag(const SetImage& image, const RelocateOptions& options) {
  return options.repository_tags ? repository_tag(image.reference) : image_tag(image.digest());
}

/// Makes the plan of one repository.
class RepositoryPlanner {
 public:
  RepositoryPlanner(const PlacedSet& placed, const RelocateOptions& options, RepositoryName name)
      : placed_set_(placed),
        set_(placed.set()),
        graph_(set_.graph()),
        options_(options),
        plan_{.name = std::move(name)} {}

  void add(const SetImage& image) {
    own_.insert(image.digest());
    plan_.images.push_back({&image, kept(image)});
  }
  void add_locations(PlannedLocations locations, std::size_t step) {
    plan_.locations.at(step).push_back(std::move(locations));
  }
  void set_locations_steps(std::size_t count) { plan_.locations.resize(count); }

  RepositoryPlan finish() {
    plan_steps();
    plan_blobs();
    for (const PlannedImage& planned : plan_.images) plan_tags(*planned.image);
    for (const auto& step : plan_.locations) {
      for (const PlannedLocations& planned : step) plan_.marks.push_back(planned.mark());
    }
    return std::move(plan_);
  }

 private:
  [[nodiscard]] const RawManifest* raw(const SetImage& image) const { return &graph_.at(image.digest()).raw; }
  [[nodiscard]] PlannedManifest kept(const SetImage& image) const { return {raw(image), kept_tag(image, options_)}; }

  void plan_steps() {
    std::vector<const SetImage*> plain;
    std::vector<const SetImage*> referrers;
    std::vector<const SetImage*> bundles;
    for (const PlannedImage& planned : plan_.images) {
      const SetImage* image = planned.image;
      (image->is_bundle ? bundles : image->is_referrer ? referrers : plain).push_back(image);
    }
    add_trees(plain);
    add_bundles(bundles);
    add_trees(referrers);
  }

  /// Adds a step for each height of the trees below `images`, the lowest first.
  void add_trees(const std::vector<const SetImage*>& images) {
    std::map<std::size_t, std::map<Digest, PlannedManifest>> by_height;
    for (const SetImage* image : images) {
      for (const Digest& digest : graph_.closure(image->digest())) {
        if (!placed_.insert(digest).second) continue;
        const Graph::ManifestNode& node = graph_.at(digest);
        const SetImage* const own = own_.contains(digest) ? set_.find(digest) : nullptr;
        by_height[node.height].emplace(digest, own == nullptr ? PlannedManifest{&node.raw, digest.text()} : kept(*own));
      }
    }
    for (auto& [height, manifests] : by_height) {
      PlannedStep& step = plan_.steps.emplace_back();
      for (auto& [digest, manifest] : manifests) step.push_back(std::move(manifest));
    }
  }

  /// Adds `bundles` to the last step: to a registry they are images like others, and their locations mark them later.
  void add_bundles(const std::vector<const SetImage*>& bundles) {
    if (plan_.steps.empty()) plan_.steps.emplace_back();
    for (const SetImage* bundle : bundles) {
      if (placed_.insert(bundle->digest()).second) plan_.steps.back().push_back(kept(*bundle));
    }
    if (plan_.steps.back().empty()) plan_.steps.pop_back();
  }

  void plan_blobs() {
    std::set<Digest> used;
    for (const PlannedImage& planned : plan_.images) {
      for (const Digest& manifest : graph_.closure(planned.image->digest())) {
        for (const Descriptor& blob : graph_.blobs_of(manifest)) used.insert(blob.digest);
      }
    }
    plan_.blobs.reserve(used.size());
    for (const auto& [digest, blob] : graph_.blobs()) {
      if (used.contains(digest)) plan_.blobs.push_back(&blob);
    }
  }

  void plan_tags(const SetImage& image) {
    for (const std::string& tag : placed_set_.of(image).all.at(plan_.name)) {
      (attachment_subject(tag) ? plan_.attaching_tags : plan_.root_tags).push_back({raw(image), tag});
      plan_.marks.push_back({raw(image), tag});
    }
    // An earlier run may have used the other kind of tags; then only the image's own tag shows that it is missing. The
    // images of bundles are put before their bundle is marked.
    const bool is_late = image.is_root || image.is_referrer;
    if (is_late || options_.repository_tags) plan_.marks.push_back(kept(image));
  }

  const PlacedSet& placed_set_;
  const ImageSet& set_;
  const Graph& graph_;
  const RelocateOptions& options_;
  std::set<Digest> own_;     ///< the images of this repository
  std::set<Digest> placed_;  ///< the manifests that are in a step
  RepositoryPlan plan_;
};

/// The bundles of `set` by the levels of bundles below them, innermost first.
std::vector<std::vector<const SetImage*>> bundles_by_height(const ImageSet& set) {
  std::vector<std::vector<const SetImage*>> levels;
  std::map<Digest, std::size_t> heights;
  // Returns the number of levels from `bundle` down; 0 if it is not a bundle.
  const auto visit = [&](const auto& self, const SetImage* bundle) -> std::size_t {
    if (bundle == nullptr || !bundle->is_bundle) return 0;
    if (const auto known = heights.find(bundle->digest()); known != heights.end()) return known->second;
    std::size_t below = 0;
    for (const ImageRef& ref : bundle->lock.images) below = std::max(below, self(self, set.find(*ref.image.digest)));
    if (levels.size() <= below) levels.resize(below + 1);
    levels[below].push_back(bundle);
    return heights.emplace(bundle->digest(), below + 1).first->second;
  };
  for (const SetImage& image : set.images()) visit(visit, &image);
  return levels;
}

}  // namespace

std::vector<RepositoryPlan> relocation_plan(const PlacedSet& placed, const RelocateOptions& options) {
  const ImageSet& set = placed.set();
  std::map<RepositoryName, RepositoryPlanner> planners;
  for (const SetImage& image : set.images()) {
    for (const auto& [name, tags] : placed.of(image).all) {
      planners.try_emplace(name, placed, options, name).first->second.add(image);
    }
  }
  const auto levels = bundles_by_height(set);
  for (auto& [name, planner] : planners) planner.set_locations_steps(levels.size());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    for (const SetImage* bundle : levels[i]) {
      const auto image = std::make_shared<const LocationsImage>(make_locations_image(placed.locations_of(*bundle)));
      for (const auto& [name, tags] : placed.of(*bundle).all) planners.at(name).add_locations({bundle, image}, i);
    }
  }
  std::vector<RepositoryPlan> plans;
  for (auto& [name, planner] : planners) plans.push_back(planner.finish());
  return plans;
}

std::vector<PlacedImage> final_names(const SetImage& image, const PlacedSet& placed, const RelocateOptions& options) {
  std::vector<PlacedImage> names = placed.names_of(image);
  for (PlacedImage& name : names) {
    if (!name.to.tag) name.to.tag = kept_tag(image, options);
  }
  return names;
}

}  // namespace ociferry
