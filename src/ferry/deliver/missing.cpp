#include "ferry/deliver/missing.hpp"

#include <algorithm>
#include <atomic>

#include "ferry/deliver/attachments.hpp"
#include "ferry/deliver/locations_writer.hpp"
#include "ferry/set/absent_children.hpp"
#include "store/forwarding_source.hpp"
#include "transfer/parallel.hpp"
#include "transfer/worker_count.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kFewTags = 4;

/// A blob that another repository of the destination's registry has, or may have, as well.
class MountableElsewhere : public ForwardingSource {
 public:
  MountableElsewhere(std::shared_ptr<BlobSource> inner, RepositoryName place, bool is_certain)
      : ForwardingSource(std::move(inner)), place_(std::move(place)), is_certain_(is_certain) {}
  [[nodiscard]] std::optional<RepositoryName> mountable_from() const override { return place_; }
  [[nodiscard]] bool is_mount_certain() const override { return is_certain_; }

 private:
  RepositoryName place_;
  bool is_certain_;
};

/// A copy of `blob` that may also be mounted from the repository that `image` is named after.
Graph::BlobNode mountable_blob(const Graph::BlobNode& blob, const SetImage& image, const RepositoryName& to,
                               const BlobPlaces& owners) {
  Graph::BlobNode node = blob;
  const RepositoryName& origin = image.reference.name;
  const auto owner = owners.find(blob.descriptor.digest);
  if (owner != owners.end() && owner->second.registry == to.registry && owner->second != to) {
    node.source = std::make_shared<MountableElsewhere>(blob.source, owner->second, true);
  } else if (!blob.source->home() && origin.registry == to.registry && origin != to) {
    node.source = std::make_shared<MountableElsewhere>(blob.source, origin, false);
  }
  return node;
}

std::set<Digest> manifests_of(const Graph& graph, const std::vector<const SetImage*>& images) {
  std::set<Digest> manifests;
  for (const SetImage* image : images) {
    for (const Digest& digest : graph.closure(image->digest())) manifests.insert(digest);
  }
  return manifests;
}

}  // namespace

std::vector<PlannedStep> missing_steps(const RepositoryPlan& plan, const Graph& graph, const Missing& missing) {
  std::set<Digest> tagged;
  for (const PlannedImage& planned : plan.images) {
    const Digest& digest = planned.image->digest();
    if (!missing.manifests.contains(digest)) tagged.insert(digest);
  }
  const std::set<Digest> needed = manifests_of(graph, missing.images);
  std::vector<PlannedStep> steps;
  for (const PlannedStep& step : plan.steps) {
    PlannedStep rest;
    std::ranges::copy_if(step, std::back_inserter(rest), [&](const PlannedManifest& manifest) {
      const Digest& digest = manifest.digest();
      return needed.contains(digest) && !tagged.contains(digest) && !missing.there.contains(digest);
    });
    if (!rest.empty()) steps.push_back(std::move(rest));
  }
  return steps;
}

std::vector<Graph::BlobNode> missing_blobs(const RepositoryPlan& plan, const Graph& graph, const Missing& missing,
                                           const BlobPlaces& owners) {
  // One user of each blob. Blobs stay in the order of their digests, as in an archive.
  std::map<Digest, const SetImage*> users;
  for (const SetImage* image : missing.images) {
    for (const Digest& manifest : graph.closure(image->digest())) {
      for (const Descriptor& blob : graph.blobs_of(manifest)) users.emplace(blob.digest, image);
    }
  }
  std::vector<Graph::BlobNode> blobs;
  blobs.reserve(users.size());
  for (const Graph::BlobNode* blob : plan.blobs) {
    if (const auto user = users.find(blob->descriptor.digest); user != users.end()) {
      blobs.push_back(mountable_blob(*blob, *user->second, plan.name, owners));
    } else if (media_type::is_nondistributable(blob->descriptor.media_type)) {
      blobs.push_back(*blob);  // no tag promises these layers
    }
  }
  return blobs;
}

bool MissingFinder::has_all() {
  const std::vector<PlannedManifest> tags = first_questions();
  std::vector<std::optional<TagState>> states(tags.size());
  std::atomic<bool> all{true};
  const std::size_t at_once = LearnedWorkers::is_far(context_.jobs) ? WorkerCount::kMost : 0;
  run_parallel_or_throw(context_.jobs, tags.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
    if (!all && i >= at_once) return;
    states[i] = ask_tag(to_, tags[i], context_);
    if (i < plan_.marks.size() && !states[i]->is_right()) all = false;
  });
  for (const auto& state : states) {
    if (state) asked_.emplace(state->wanted.selector, *state);
  }
  if (!all) return false;
  std::vector<const SetImage*> images;
  for (const PlannedImage& planned : plan_.images) images.push_back(planned.image);
  return has_all_below(images) && unlisted_in(images).empty();
}

/// The tags that show whether all is there. Where answers take long, also those that are asked for if not: all together
/// take no longer then.
std::vector<PlannedManifest> MissingFinder::first_questions() const {
  std::vector<PlannedManifest> tags = plan_.marks;
  if (!LearnedWorkers::is_far(context_.jobs) || pages_of_tags() > 0) return tags;
  for (const PlannedImage& planned : plan_.images) {
    const auto is_same = [&](const PlannedManifest& tag) { return tag.selector == planned.kept.selector; };
    if (std::ranges::none_of(tags, is_same)) tags.push_back(planned.kept);
  }
  return tags;
}

std::vector<TagState> MissingFinder::ask_once(const std::vector<PlannedManifest>& tags) {
  std::vector<PlannedManifest> open;
  std::ranges::copy_if(tags, std::back_inserter(open),
                       [this](const auto& tag) { return !asked_.contains(tag.selector); });
  for (TagState& state : ask_tags(to_, open, context_)) asked_.emplace(state.wanted.selector, std::move(state));
  std::vector<TagState> states;
  for (const PlannedManifest& tag : tags) {
    states.push_back(asked_.at(tag.selector));
    states.back().wanted = tag;
  }
  return states;
}

void MissingFinder::refuse_moves() {
  std::vector<PlannedManifest> tags = plan_.attaching_tags;
  tags.insert(tags.end(), plan_.root_tags.begin(), plan_.root_tags.end());
  for (const PlannedImage& planned : plan_.images) tags.push_back(planned.kept);
  std::vector<TagState> states = ask_once(tags);
  // Where incomplete indexes are refused, the tag stays at the image that an earlier run has put in the index's place.
  std::erase_if(states, [this](const TagState& state) {
    if (!state.moves()) return false;
    const auto below = graph_.closure(state.wanted.digest());
    return std::ranges::find(below, *state.there) != below.end();
  });
  for (const auto& step : plan_.locations) {
    for (const PlannedLocations& planned : step) {
      const TagState mark = ask_once({planned.mark()}).front();
      if (mark.moves() && !has_usable_locations(to_, *planned.bundle, context_)) states.push_back(mark);
    }
  }
  ociferry::refuse_moves(to_, states);
}

Missing MissingFinder::find(const std::vector<PlannedManifest>& ahead) {
  const std::size_t count = plan_.images.size();
  if (const std::size_t pages = pages_of_tags(); pages > 0) listed_ = to_.source.tags_within(pages);
  std::vector<TagState> states(count + ahead.size());
  run_parallel_or_throw(context_.jobs, states.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
    states[i] = state_of(i < count ? plan_.images[i].kept : ahead[i - count]);
  });
  for (std::size_t i = count; i < states.size(); ++i) asked_.emplace(states[i].wanted.selector, states[i]);
  Missing missing;
  std::vector<const SetImage*> tagged;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [image, kept] = plan_.images[i];
    if (!states[i].is_right()) missing.manifests.insert(image->digest());
    if (states[i].moves()) missing.others.emplace(kept.selector, states[i]);
    (states[i].is_right() ? tagged : missing.images).push_back(image);
  }
  // An earlier run may have ended between putting a manifest and updating its subject's referrers list. Such a manifest
  // is put again, although its tag is up to date.
  const std::set<Digest> unlisted = unlisted_in(tagged);
  missing.manifests.insert(unlisted.begin(), unlisted.end());
  std::ranges::copy_if(tagged, std::back_inserter(missing.images), [&](const SetImage* image) {
    const auto manifests = graph_.closure(image->digest());
    return trust_ == Trust::Nothing ||
           std::ranges::any_of(manifests, [&](const Digest& digest) { return unlisted.contains(digest); });
  });
  if (trust_ == Trust::Tags) {
    missing.there = there_below_partial(missing.images);
    add_incomplete(tagged, missing);
  }
  return missing;
}

bool MissingFinder::was_absent(const PlannedManifest& tag) const {
  const auto asked = asked_.find(tag.selector);
  if (asked == asked_.end()) return !may_be_there(tag);
  return !asked->second.there && !asked->second.is_hidden;
}

void MissingFinder::note_put(const PlannedManifest& tag) {
  if (listed_) listed_->insert(std::ranges::lower_bound(*listed_, tag.selector), tag.selector);
}

std::vector<TagState> MissingFinder::ask(const std::vector<PlannedManifest>& tags) const {
  std::vector<PlannedManifest> open;
  std::ranges::copy_if(tags, std::back_inserter(open), [this](const auto& tag) { return may_be_there(tag); });
  const std::vector<TagState> asked = ask_tags(to_, open, context_);
  std::vector<TagState> states;
  auto next = asked.begin();
  for (const PlannedManifest& tag : tags) {
    states.push_back(may_be_there(tag) ? *next++ : TagState{.wanted = tag, .there = std::nullopt});
  }
  return states;
}

/// How many pages of the list of tags are worth asking for.
std::size_t MissingFinder::pages_of_tags() const {
  if (trust_ == Trust::Nothing) return 0;
  const std::size_t images = plan_.images.size();
  const bool has_two = images + plan_.root_tags.size() + plan_.attaching_tags.size() > 1;
  return std::max<std::size_t>(images / kFewTags, lists_ == ListTags::OfAll && has_two ? 1 : 0);
}

/// False if the destination's list of tags lacks it. If the list is outdated, the tag is only written again.
bool MissingFinder::may_be_there(const PlannedManifest& tag) const {
  return !listed_ || std::ranges::binary_search(*listed_, tag.selector);
}

TagState MissingFinder::state_of(const PlannedManifest& tag) const {
  if (!may_be_there(tag)) return {.wanted = tag};
  if (trust_ == Trust::Tags) {
    const auto asked = asked_.find(tag.selector);
    if (asked == asked_.end()) return ask_tag(to_, tag, context_);
    return {.wanted = tag, .there = asked->second.there, .is_hidden = asked->second.is_hidden};
  }
  return ask_tag(tag, context_, [&] {
    const auto raw = to_.source.manifest(tag.selector);
    return raw ? std::optional(raw->descriptor.digest) : std::nullopt;
  });
}

/// Whether the destination has each manifest below the indexes among `images`, except for images of the plan, whose
/// tags show it.
std::map<Digest, bool> MissingFinder::ask_below(const std::vector<const SetImage*>& images) const {
  std::set<Digest> asked = manifests_of(graph_, images);
  for (const PlannedImage& planned : plan_.images) asked.erase(planned.image->digest());
  const std::vector<Digest> digests(asked.begin(), asked.end());
  std::vector<char> there(digests.size(), 0);
  run_parallel_or_throw(context_.jobs, digests.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
    there[i] = to_.target.resolve(digests[i].text()) == digests[i] ? 1 : 0;
  });
  std::map<Digest, bool> found;
  for (std::size_t i = 0; i < digests.size(); ++i) found.emplace(digests[i], there[i] != 0);
  return found;
}

/// The manifests below those of `images` that lack children, as far as the destination has them. Left out are those
/// that must be put anyway, for the list of what is attached.
std::set<Digest> MissingFinder::there_below_partial(const std::vector<const SetImage*>& images) const {
  std::vector<const SetImage*> partial;
  std::ranges::copy_if(images, std::back_inserter(partial),
                       [this](const SetImage* image) { return !absent_below(graph_, image->digest()).empty(); });
  std::set<Digest> found;
  for (const auto& [digest, is_there] : ask_below(partial)) {
    if (is_there && subject_of(graph_.at(digest).parsed) == nullptr) found.insert(digest);
  }
  return found;
}

/// The tag of an index promises nothing about what is below it: an earlier run may have put a part of it, for some
/// platforms only, under the same digest.
bool MissingFinder::has_all_below(const std::vector<const SetImage*>& images) const {
  return std::ranges::all_of(ask_below(images), [](const auto& manifest) { return manifest.second; });
}

/// Adds the images of `tagged`, which have their tags, that lack something below an index.
void MissingFinder::add_incomplete(const std::vector<const SetImage*>& tagged, Missing& missing) const {
  const std::map<Digest, bool> below = ask_below(tagged);
  for (const SetImage* image : tagged) {
    const auto manifests = graph_.closure(image->digest());
    const auto lacks = [&](const Digest& digest) {
      const auto found = below.find(digest);
      return found != below.end() && !found->second;
    };
    if (std::ranges::none_of(manifests, lacks)) continue;
    const bool is_known = std::ranges::find(missing.images, image) != missing.images.end();
    if (!is_known) missing.images.push_back(image);
    for (const Digest& digest : manifests) {
      const auto found = below.find(digest);
      const bool is_there = found != below.end() && found->second;
      if (is_there && subject_of(graph_.at(digest).parsed) == nullptr) missing.there.insert(digest);
    }
  }
}

/// The manifests of `images` that the destination does not list as referrers of their subjects.
std::set<Digest> MissingFinder::unlisted_in(const std::vector<const SetImage*>& images) const {
  return unlisted(graph_, manifests_of(graph_, images), to_.source, context_);
}

}  // namespace ociferry
