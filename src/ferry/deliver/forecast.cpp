#include "ferry/deliver/forecast.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "ferry/deliver/locations_writer.hpp"
#include "registry/mount_record.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// Whether the destination has each of `blobs`.
std::vector<char> ask_blobs(const std::vector<const Descriptor*>& blobs, const Destination& to,
                            const Context& context) {
  std::vector<char> there(blobs.size(), 0);
  run_parallel_or_throw(context.jobs, blobs.size(), context.stop, [&](std::size_t i, const std::stop_token&) {
    there[i] = to.target.has_blob(*blobs[i]) ? 1 : 0;
  });
  return there;
}

TagChange change_of(const TagState& state, const RepositoryName& name) {
  using Kind = TagChange::Kind;
  const Kind known = state.is_right() ? Kind::Equal : state.moves() ? Kind::Moves : Kind::New;
  return {.kind = state.is_hidden ? Kind::Hidden : known,
          .tag = {name, state.wanted.selector, std::nullopt},
          .from = state.there,
          .to = state.wanted.digest()};
}

/// Fills in a forecast, part by part.
class Forecaster {
 public:
  Forecaster(const RoundFindings& found, const Graph& graph, const MissingFinder& finder, const Destination& to,
             const Context& context)
      : found_(found), graph_(graph), finder_(finder), to_(to), context_(context) {
    planned_.name = found.plan.name;
    planned_.images = found.plan.images.size();
    planned_.images_there = planned_.images - found.missing.images.size();
  }

  PlannedRepository make() {
    add_blobs();
    add_images();
    for (const auto& step : found_.plan.locations) add_locations(step);
    add_tags(found_.plan.attaching_tags);
    add_tags(found_.plan.root_tags);
    return std::move(planned_);
  }

 private:
  void add_blobs() {
    std::vector<const Descriptor*> asked;
    std::set<Digest> open;
    for (const Graph::BlobNode* blob : found_.blobs) {
      asked.push_back(&blob->descriptor);
      open.insert(blob->descriptor.digest);
    }
    for (const Graph::BlobNode* blob : found_.plan.blobs) {
      if (!open.contains(blob->descriptor.digest)) planned_.there.add(blob->descriptor.size);
    }
    const std::vector<char> there = ask_blobs(asked, to_, context_);
    for (std::size_t i = 0; i < there.size(); ++i) {
      const Graph::BlobNode& blob = *found_.blobs[i];
      const bool may_mount = mount_place(*blob.source, to_.name).has_value();
      (there[i] != 0 ? planned_.there
       : may_mount   ? planned_.mount_or_upload
                     : planned_.upload)
          .add(blob.descriptor.size);
    }
  }

  void add_images() {
    for (const PlannedStep& step : missing_steps(found_.plan, graph_, found_.missing)) {
      for (const PlannedManifest& manifest : step) add_image(manifest);
    }
  }

  void add_image(const PlannedManifest& manifest) {
    ++planned_.manifests;
    put_.emplace(manifest.selector, manifest.digest());
    if (subject_of(graph_.at(manifest.digest()).parsed) != nullptr) ++planned_.attached;
    const auto other = found_.missing.others.find(manifest.selector);
    if (other != found_.missing.others.end()) planned_.tags.push_back(change_of(other->second, to_.name));
  }

  void add_locations(const std::vector<PlannedLocations>& step) {
    const auto ask = [this](const auto& tags) { return finder_.ask(tags); };
    std::vector<const Descriptor*> blobs;
    for (const NewLocations& locations : new_locations(step, ask, found_.trusts_tags)) {
      ++planned_.locations;
      const LocationsImage& image = *locations.planned->image;
      for (const Descriptor* blob : {&image.config_descriptor, &image.layer_descriptor}) {
        if (locations_blobs_.insert(blob->digest).second) blobs.push_back(blob);
      }
      for (const TagState& tag : locations.tags) {
        if (tag.is_right()) continue;
        ++planned_.manifests;
        if (tag.moves()) planned_.tags.push_back(change_of(tag, to_.name));
      }
    }
    const std::vector<char> there = ask_blobs(blobs, to_, context_);
    for (std::size_t i = 0; i < there.size(); ++i) {
      if (there[i] == 0) planned_.locations_upload.add(blobs[i]->size);
    }
  }

  void add_tags(const std::vector<PlannedManifest>& tags) {
    for (const TagState& tag : finder_.ask(tags)) {
      const auto put = put_.find(tag.wanted.selector);  // an image may have been kept under this very tag
      const bool is_put = put != put_.end() && put->second == tag.wanted.digest();
      if (!tag.is_right() && !is_put) ++planned_.manifests;
      if (!is_put || !tag.moves()) planned_.tags.push_back(change_of(tag, to_.name));
    }
  }

  const RoundFindings& found_;
  const Graph& graph_;
  const MissingFinder& finder_;
  const Destination& to_;
  const Context& context_;
  PlannedRepository planned_;
  std::map<std::string, Digest> put_;  ///< what images are kept under, as far as it is put
  std::set<Digest> locations_blobs_;
};

}  // namespace

PlannedRepository forecast(const RoundFindings& found, const Graph& graph, const MissingFinder& finder,
                           const Destination& to, const Context& context) {
  return Forecaster(found, graph, finder, to, context).make();
}

}  // namespace ociferry
