#include "ferry/deliver/repository_round.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.hpp"
#include "ferry/deliver/attachments.hpp"
#include "ferry/deliver/forecast.hpp"
#include "ferry/deliver/locations_writer.hpp"
#include "ferry/deliver/manifest_writer.hpp"
#include "ferry/deliver/proof.hpp"
#include "transfer/blob_copy.hpp"

namespace ociferry {

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

void RepositoryRound::write(std::vector<Graph::BlobNode> nodes) {
  if (nodes.empty()) return;
  std::vector<const Graph::BlobNode*> blobs;
  for (const Graph::BlobNode& node : nodes) blobs.push_back(&node);
  copy_blobs(std::move(blobs), tally_.blobs(), context_.jobs, *context_.progress, context_.stop);
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
  write_manifests(written_, missing_.others, graph_, to_, context_);
}

void RepositoryRound::prove_images() const {
  read_back(written_, to_, context_);
  check_attached_at(plan_, graph_, to_, context_);
}

void RepositoryRound::write_locations(std::size_t step) const {
  ociferry::write_locations(
      plan_.locations.at(step), to_, [this](const auto& tags) { return finder_.ask(tags); },
      {.trusts_tags = trust_ == Trust::Tags, .keep_tags = options_.keep_tags}, context_);
}

void RepositoryRound::prove_all() {
  if (options_.proof == Proof::Manifests) return;  // avoids a list of many blobs
  proved_ = prove(to_, everything(plan_), options_.proof, context_);
}

void RepositoryRound::put_tags(const std::vector<PlannedManifest>& wanted) const {
  const auto tags = finder_.ask(wanted);
  if (options_.keep_tags) ociferry::refuse_moves(to_, tags);  // others may have put them in the meantime
  write_tags(to_, tags, context_);
}

}  // namespace ociferry
