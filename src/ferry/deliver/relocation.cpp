#include "ferry/deliver/relocation.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

#include "base/text.hpp"
#include "ferry/deliver/added_tags.hpp"
#include "ferry/deliver/left_out.hpp"
#include "ferry/set/absent_children.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kNamesShown = 3;

}  // namespace

Relocation::Relocation(const ImageSet& set, const Placement& placement, const OpenDestination& open,
                       const RelocateOptions& options, const Context& context)
    : set_(&set),
      absent_children_(count_absent(set)),
      placement_(placement),
      open_(open),
      options_(options),
      context_(context) {
  make_plans();
}

std::string Relocation::names() const {
  if (plans_.size() > kNamesShown) return text::cat(plans_.size(), " repositories of ", registry());
  std::vector<std::string> names;
  for (const RepositoryPlan& plan : plans_) names.push_back(to_string(plan.name));
  return text::join(names, ", ");
}

void Relocation::add_places(BlobPlaces& places) const {
  for (const RepositoryPlan& plan : plans_) {
    for (const Graph::BlobNode* blob : plan.blobs) places.try_emplace(blob->descriptor.digest, plan.name);
  }
}

std::string Relocation::registry() const { return plans_.empty() ? "" : plans_.front().name.registry; }

void Relocation::run(Trust trust) {
  do {
    find(trust);
  } while (!write());
}

void Relocation::run_in_one_pass(Trust trust, const BlobPass& pass) {
  find(trust);
  const auto failures = pass({hand_over_blobs()});
  read_shared_blobs_back();
  if (failures.front()) fail(failures.front());
  if (!write()) run(trust);
}

void Relocation::find(Trust trust) {
  context_.progress->event(text::cat("importing ", set_->images().size(), " images..."));
  explained([&] { find_missing(trust); });
}

bool Relocation::write() {
  try {
    explained([&] { write_missing(); });
    return true;
  } catch (const IndexesRefused& refusal) {
    replace_indexes(refusal);
    return false;
  }
}

std::vector<BlobToPut> Relocation::hand_over_blobs() {
  std::vector<BlobToPut> blobs;
  for (RepositoryRound& round : rounds_) round.hand_over_own_blobs(blobs);
  return blobs;
}

void Relocation::read_shared_blobs_back() {
  const auto source_of = [this](const RepositoryName& owner) -> BlobSource& {
    const auto own = repositories_.find(owner);
    return own == repositories_.end() ? open_(owner).source : own->second.counted.source;
  };
  for (RepositoryRound& round : rounds_) round.read_shared_blobs_from(source_of);
}

void Relocation::fail(const std::exception_ptr& failure) {
  explained([&] { std::rethrow_exception(failure); });
}

ImportPlan Relocation::plan(Trust trust) {
  const TransferReport counts = report();
  ImportPlan plan{.images = counts.images,
                  .bundles = counts.bundles,
                  .referrers = counts.referrers,
                  .names = counts.names,
                  .skipped = counts.skipped,
                  .partial = partial_indexes(*set_)};
  find_missing(trust);
  plan.repositories.resize(rounds_.size());
  run_parallel_or_throw(context_.jobs, rounds_.size(), context_.stop,
                        [&](std::size_t i, const std::stop_token&) { plan.repositories[i] = rounds_[i].forecast(); });
  return plan;
}

TransferReport Relocation::report() const {
  TransferReport report{
      .images = set_->images().size(), .skipped = skipped_layers(*set_), .absent_children = absent_children_};
  for (const SetImage& image : set_->images()) {
    report.bundles += image.is_bundle ? 1 : 0;
    report.referrers += image.is_referrer ? 1 : 0;
  }
  for (const SetImage& image : set_->images()) {
    for (PlacedImage& name : final_names(image, *placed_, options_)) {
      if (image.is_root) report.roots.push_back(name);
      report.names.push_back(std::move(name));
    }
  }
  for (const auto& [name, repository] : repositories_) {
    report.blobs_written += repository.tally.blobs_written();
    report.blobs_mounted += repository.tally.blobs_mounted();
    report.bytes_written += repository.tally.bytes_written();
    report.manifests_written += repository.tally.manifests_written();
  }
  for (const RepositoryRound& round : rounds_) {
    report.blobs_existed += round.blobs_existed();
    report.blobs_proved += round.blobs_proved();
  }
  return report;
}

void Relocation::make_plans() {
  rounds_.clear();
  placed_.emplace(*set_, placement_, options_.root_tags);
  plans_ = relocation_plan(*placed_, options_);
  for (const RepositoryPlan& plan : plans_) {
    if (!repositories_.contains(plan.name)) repositories_.try_emplace(plan.name, open_(plan.name));
  }
}

void Relocation::explained(const std::function<void()>& work) {
  try {
    work();
  } catch (Error& error) {
    if (error.code() == ErrorCode::Interrupted || error.code() == ErrorCode::Network) error.hint(resume_hint());
    throw;
  }
}

void Relocation::find_missing(Trust trust) {
  rounds_.clear();
  for (const RepositoryPlan& plan : plans_) {
    rounds_.emplace_back(plan, set_->graph(), repositories_.at(plan.name), trust, options_, context_);
  }
  context_.progress->phase("checking what the destination has", 0);
  is_up_to_date_ = trust == Trust::Tags && has_all();
  if (!is_up_to_date_) {
    if (options_.keep_tags) each(&RepositoryRound::refuse_moves);
    each(&RepositoryRound::find_missing);
  }
  // Also below tags that are right: non-distributable layers, which no tag promises.
  BlobPlaces owners = elsewhere_;
  if (plans_.size() > 1) add_places(owners);  // of a single one, all are its own
  for (RepositoryRound& round : rounds_) round.find_blobs(owners);
  prove_left_out(rounds_, *set_, owners, open_, context_);
  blobs_ = {};
  for (const RepositoryRound& round : rounds_) {
    const BlobsToWrite found = round.blobs_to_write();
    blobs_.count += found.count;
    blobs_.bytes += found.bytes;
  }
}

void Relocation::write_missing() {
  write_blobs();
  if (!is_up_to_date_) write_images();
  each(&RepositoryRound::prove_all);
  context_.progress->event("Tagging images");
  if (!is_up_to_date_) each(&RepositoryRound::put_root_tags);
}

void Relocation::write_images() {
  context_.progress->phase("writing manifests", 0);
  each(&RepositoryRound::write_images);
  each(&RepositoryRound::put_attaching_tags);
  each(&RepositoryRound::prove_images);  // after the signatures: a policy may deny reading unsigned images
  const std::size_t steps = plans_.empty() ? 0 : plans_.front().locations.size();
  for (std::size_t step = 0; step < steps; ++step) {
    each([step](RepositoryRound& round) { round.put_locations(step); });
  }
}

void Relocation::write_blobs() {
  const std::string phase = text::cat("writing ", blobs_.count, " blobs to ", names());
  if (blobs_.count > 0) context_.progress->phase(phase, blobs_.bytes);
  each(&RepositoryRound::write_own_blobs);
  each(&RepositoryRound::write_shared_blobs);
}

bool Relocation::has_all() {
  std::atomic<bool> all = true;
  each([&](RepositoryRound& round) {
    if (all && !round.has_all()) all = false;
  });
  return all;
}

void Relocation::each(const std::function<void(RepositoryRound&)>& step) {
  if (rounds_.size() == 1) return step(rounds_.front());
  run_parallel_or_throw(context_.jobs, rounds_.size(), context_.stop,
                        [&](std::size_t i, const std::stop_token&) { step(rounds_[i]); });
}

std::string Relocation::resume_hint() const {
  std::size_t there = 0, blobs = 0, manifests = 0;
  for (const RepositoryRound& round : rounds_) there += round.blobs_there();
  for (const RepositoryPlan& plan : plans_) blobs += plan.blobs.size();
  for (const auto& [name, repository] : repositories_) manifests += repository.tally.manifests_written();
  const bool are_locations_begun = std::ranges::any_of(rounds_, &RepositoryRound::are_locations_begun);
  if (there == 0 && manifests == 0 && !are_locations_begun) return "nothing was written; run the same command again";
  return text::cat(there, " of ", blobs, " blobs are in ", names(), " now; run the same command again to continue");
}

void Relocation::replace_indexes(const IndexesRefused& refusal) {
  if (options_.lock_output) {
    throw Error(
        ErrorCode::Refused,
        text::cat(names(), " refuses incomplete indexes, and the lock file would name one: ", refusal.message()))
        .hint("give --strip-index, which puts a smaller index that the lock file names; or transfer all platforms");
  }
  for (const AddedTag& added : options_.added_tags) {
    const SetImage& image = image_of(*set_, added);
    if (!refusal.indexes.contains(image.digest())) continue;
    throw Error(ErrorCode::Refused, text::cat(names(), " refuses incomplete indexes, and ", to_string(image.reference),
                                              ", which is to get the tag '", added.tag, "', is one"))
        .hint("give --strip-index, which puts a smaller index with that tag; or leave out the tag");
  }
  parts_ = without_indexes(*set_, refusal.indexes, *context_.progress);
  set_ = &*parts_;
  make_plans();
}

}  // namespace ociferry
