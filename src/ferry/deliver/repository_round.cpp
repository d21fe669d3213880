#include "ferry/deliver/repository_round.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "ferry/deliver/attachments.hpp"
#include "ferry/deliver/forecast.hpp"
#include "ferry/deliver/manifest_writer.hpp"
#include "ferry/deliver/proof.hpp"
#include "transfer/blob_copy.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kLarge = 8 * kMiB;
constexpr std::size_t kAskedAhead = 4;

/// Puts some blobs past the counts and the progress of the others.
class UncountedBlobs : public BlobTarget {
 public:
  UncountedBlobs(std::set<Digest> uncounted, BlobTarget& to, BlobTarget& others)
      : uncounted_(std::move(uncounted)), to_(to), others_(others) {}
  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override {
    if (!uncounted_.contains(blob.digest)) return others_.put_blob(blob, from, progress, std::move(stop));
    return to_.put_blob(blob, from, silent_progress(), std::move(stop));
  }

 private:
  std::set<Digest> uncounted_;
  BlobTarget& to_;
  BlobTarget& others_;
};

}  // namespace

RepositoryRound::RepositoryRound(const RepositoryPlan& plan, const Graph& graph, CountedRepository& repository,
                                 Trust trust, const RelocateOptions& options, const Context& context)
    : plan_(plan),
      graph_(graph),
      to_(repository.counted),
      tally_(repository.tally),
      trust_(trust),
      options_(options),
      context_(context),
      finder_(plan_, graph_, to_, trust_, context_, options.by_name ? ListTags::OfAll : ListTags::OfMany) {
  tally_.begin_round();
}

void RepositoryRound::find_missing() {
  if (!LearnedWorkers::is_far(context_.jobs)) {  // where answers are fast, there is nothing to gain
    missing_ = finder_.find();
    return;
  }
  std::vector<const PlannedLocations*> locations;
  for (const auto& step : plan_.locations) {
    for (const PlannedLocations& planned : step) locations.push_back(&planned);
  }
  std::vector<std::function<void()>> questions{[&] { missing_ = finder_.find(own_tags(locations)); }};
  for (const Graph::BlobNode* blob : largest_blobs()) {
    questions.push_back([this, blob] { to_.target.ask_ahead(blob->descriptor, context_.stop); });
  }
  side_by_side(context_.jobs, context_.stop, questions);
  std::ranges::copy_if(locations, std::back_inserter(certain_locations_),
                       [this](const auto* planned) { return finder_.was_absent(planned->mark()); });
}

/// The blobs that take the longest, no more than there are connections to a registry that is far away.
std::vector<const Graph::BlobNode*> RepositoryRound::largest_blobs() const {
  std::vector<const Graph::BlobNode*> blobs;
  std::ranges::copy_if(plan_.blobs, std::back_inserter(blobs),
                       [](const Graph::BlobNode* blob) { return blob->descriptor.size >= kLarge; });
  std::ranges::sort(blobs, std::ranges::greater{}, [](const Graph::BlobNode* blob) { return blob->descriptor.size; });
  blobs.resize(std::min(blobs.size(), kAskedAhead));
  return blobs;
}

void RepositoryRound::find_blobs(const BlobPlaces& owners) {
  own_ = missing_blobs(plan_, graph_, missing_, owners);
  there_before_ = plan_.blobs.size() - own_.size();
  if (missing_.images.empty()) {
    const auto is_new = [&](const Graph::BlobNode& blob) { return !tally_.has_put(blob.descriptor.digest); };
    untouched_ = static_cast<std::size_t>(
        std::ranges::count_if(plan_.blobs, [&](const Graph::BlobNode* blob) { return is_new(*blob); }) -
        std::ranges::count_if(own_, is_new));
  }
  const auto others = std::stable_partition(own_.begin(), own_.end(), [&](const Graph::BlobNode& blob) {
    const auto owner = owners.find(blob.descriptor.digest);
    return owner == owners.end() || owner->second == plan_.name;
  });
  shared_.assign(std::make_move_iterator(others), std::make_move_iterator(own_.end()));
  own_.erase(others, own_.end());
}

std::vector<Graph::BlobNode*> RepositoryRound::left_out() {
  std::vector<Graph::BlobNode*> found;
  for (auto* blobs : {&own_, &shared_}) {
    for (Graph::BlobNode& blob : *blobs) {
      if (graph_.left_out().contains(blob.descriptor.digest)) found.push_back(&blob);
    }
  }
  return found;
}

void RepositoryRound::mark_present(const std::set<Digest>& blobs) {
  for (auto* written : {&own_, &shared_}) {
    marked_present_ +=
        std::erase_if(*written, [&](const auto& blob) { return blobs.contains(blob.descriptor.digest); });
  }
  there_before_ += blobs.size();
}

BlobsToWrite RepositoryRound::blobs_to_write() const {
  BlobsToWrite all;
  for (const auto* blobs : {&own_, &shared_}) {
    all.count += blobs->size();
    for (const Graph::BlobNode& blob : *blobs) all.bytes += blob.descriptor.size;
  }
  return all;
}

void RepositoryRound::write_own_blobs() {
  std::vector<Graph::BlobNode> blobs = std::exchange(own_, {});
  std::set<Digest> own;
  for (const Graph::BlobNode& blob : blobs) own.insert(blob.descriptor.digest);
  std::set<Digest> of_locations;
  for (Graph::BlobNode& blob : blobs_of(certain_locations_)) {
    if (own.contains(blob.descriptor.digest)) continue;
    of_locations.insert(blob.descriptor.digest);
    blobs.push_back(std::move(blob));
  }
  are_locations_begun_ = !of_locations.empty();
  UncountedBlobs all(std::move(of_locations), to_.target, tally_.blobs());
  write(std::move(blobs), all);
}

void RepositoryRound::write_shared_blobs() { write(std::exchange(shared_, {}), tally_.blobs()); }

void RepositoryRound::write(std::vector<Graph::BlobNode> nodes, BlobTarget& target) {
  if (nodes.empty()) return;
  std::vector<const Graph::BlobNode*> blobs;
  for (const Graph::BlobNode& node : nodes) blobs.push_back(&node);
  copy_blobs(std::move(blobs), target, context_.jobs, *context_.progress, context_.stop);
}

void RepositoryRound::hand_over_own_blobs(std::vector<BlobToPut>& blobs) {
  handed_over_ = std::exchange(own_, {});
  for (const Graph::BlobNode& node : handed_over_) blobs.push_back({&node, &tally_.blobs()});
}

void RepositoryRound::read_shared_blobs_from(const std::function<BlobSource&(const RepositoryName& owner)>& source_of) {
  for (Graph::BlobNode& blob : shared_) {
    const auto owner = blob.source->mountable_from();
    if (owner) blob.source = std::shared_ptr<BlobSource>(std::shared_ptr<void>(), &source_of(*owner));  // not owned
  }
}

PlannedRepository RepositoryRound::forecast() const {
  RoundFindings found{.plan = plan_, .missing = missing_, .trusts_tags = trust_ == Trust::Tags};
  for (const auto* blobs : {&own_, &shared_}) {
    for (const Graph::BlobNode& blob : *blobs) found.blobs.push_back(&blob);
  }
  return ociferry::forecast(found, graph_, finder_, to_, context_);
}

void RepositoryRound::write_images() {
  written_ = missing_steps(plan_, graph_, missing_);
  const auto ask = [this](const auto& tags) { return finder_.ask_once(tags); };
  std::vector<PlannedManifest> put;
  side_by_side(context_.jobs, context_.stop,
               {[&] { write_manifests(written_, missing_.others, graph_, to_, context_); },
                [&] { put = put_own_tags(certain_locations_, to_, ask, context_); }});
  for (const PlannedManifest& tag : put) finder_.note_put(tag);
}

void RepositoryRound::prove_images() {
  std::vector<std::function<void()>> work{[this] {
    read_back(written_, to_, context_);
    check_attached_at(plan_, graph_, to_, context_);
  }};
  locations_.assign(plan_.locations.size(), std::nullopt);
  if (LearnedWorkers::is_far(context_.jobs) && !locations_.empty()) work.push_back([this] { find_locations(0); });
  side_by_side(context_.jobs, context_.stop, work);
}

void RepositoryRound::find_locations(std::size_t step) {
  const auto ask = [this](const auto& tags) { return finder_.ask(tags); };
  locations_[step] = new_locations(plan_.locations[step], ask, trust_ == Trust::Tags);
  for (NewLocations& locations : *locations_[step]) {
    const bool is_certain = std::ranges::find(certain_locations_, locations.planned) != certain_locations_.end();
    locations.has_blobs = is_certain;
  }
}

void RepositoryRound::put_locations(std::size_t step) {
  side_by_side(context_.jobs, context_.stop,
               {[this] { confirm_locations(); },
                [this, step] {
                  if (!locations_.at(step)) find_locations(step);
                }});
  unconfirmed_ = ociferry::put_locations(*locations_[step], to_, options_.keep_tags, context_);
}

void RepositoryRound::confirm_locations() { confirm(to_, std::exchange(unconfirmed_, {}), context_); }

void RepositoryRound::put_root_tags() {
  std::vector<TagState> tags;
  side_by_side(context_.jobs, context_.stop,
               {[this] { confirm_locations(); }, [&] { tags = finder_.ask(plan_.root_tags); }});
  put_tags(tags);
}

void RepositoryRound::prove_all() {
  if (options_.proof == Proof::Manifests) return;  // avoids a list of many blobs
  proved_ = prove(to_, everything(plan_), options_.proof, context_);
}

void RepositoryRound::put_tags(const std::vector<TagState>& tags) const {
  if (options_.keep_tags) ociferry::refuse_moves(to_, tags);  // others may have put them in the meantime
  confirm(to_, put_outdated(to_, tags, context_), context_);
}

}  // namespace ociferry
