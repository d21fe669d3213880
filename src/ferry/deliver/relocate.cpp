#include "ferry/deliver/relocate.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "ferry/deliver/added_tags.hpp"
#include "ferry/deliver/left_out.hpp"
#include "ferry/deliver/refused_indexes.hpp"
#include "ferry/deliver/relocation_plan.hpp"
#include "ferry/deliver/repair.hpp"
#include "ferry/deliver/repository_round.hpp"
#include "ferry/set/absent_children.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kNamesShown = 3;

std::string names_of(const std::vector<RepositoryPlan>& plans) {
  if (plans.size() > kNamesShown) {
    return text::cat(plans.size(), " repositories of ", plans.front().name.registry);
  }
  std::vector<std::string> names;
  for (const RepositoryPlan& plan : plans) names.push_back(to_string(plan.name));
  return text::join(names, ", ");
}

/// Adds the first repository of each blob.
void add_owners(const std::vector<RepositoryPlan>& plans, BlobPlaces& owners) {
  for (const RepositoryPlan& plan : plans) {
    for (const Graph::BlobNode* blob : plan.blobs) owners.try_emplace(blob->descriptor.digest, plan.name);
  }
}

/// Runs rounds over all repositories until they have everything.
class Relocation {
 public:
  Relocation(const ImageSet& set, const Placement& placement, const OpenDestination& open,
             const RelocateOptions& options, const Context& context)
      : set_(&set),
        absent_children_(count_absent(set)),
        placement_(placement),
        open_(open),
        options_(options),
        context_(context) {
    make_plans();
  }

  [[nodiscard]] std::string names() const { return names_of(plans_); }

  /// From now on, mounts blobs of `places` from there, where they arrive before `write`.
  void mount_from(BlobPlaces places) { elsewhere_ = std::move(places); }
  /// Adds where this run puts each blob first.
  void add_places(BlobPlaces& places) const { add_owners(plans_, places); }
  /// The one registry of all its repositories.
  [[nodiscard]] std::string registry() const { return plans_.empty() ? "" : plans_.front().name.registry; }

  /// Relocates the set. If a destination refuses incomplete indexes, replaces them by their parts and starts again.
  void run(Trust trust) {
    do {
      find(trust);
    } while (!write());
  }

  /// The same where `pass` puts the blobs, whose source can be read in one order only.
  void run_in_one_pass(Trust trust, const BlobPass& pass) {
    find(trust);
    const auto failures = pass({hand_over_blobs()});
    read_shared_blobs_back();
    if (failures.front()) fail(failures.front());
    if (!write()) run(trust);
  }

  /// The first half of a round: finds out what the destination lacks.
  void find(Trust trust) {
    context_.progress->event(text::cat("importing ", set_->images().size(), " images..."));
    explained([&] { find_missing(trust); });
  }

  /// The second half. False if the round has to be begun again, with other images.
  [[nodiscard]] bool write() {
    try {
      explained([&] { write_missing(); });
      return true;
    } catch (const IndexesRefused& refusal) {
      replace_indexes(refusal);
      return false;
    }
  }

  /// The blobs that `write` would put, except for those that are mounted from other repositories of the same run, and
  /// leaves them to the caller then. They live until the next round.
  [[nodiscard]] std::vector<BlobToPut> hand_over_blobs() {
    std::vector<BlobToPut> blobs;
    for (RepositoryRound& round : rounds_) round.hand_over_own_blobs(blobs);
    return blobs;
  }

  /// Where a blob of several repositories cannot be mounted, it is read from the repository that has it.
  void read_shared_blobs_back() {
    const auto source_of = [this](const RepositoryName& owner) -> BlobSource& {
      const auto own = repositories_.find(owner);
      return own == repositories_.end() ? open_(owner).source : own->second.counted.source;
    };
    for (RepositoryRound& round : rounds_) round.read_shared_blobs_from(source_of);
  }

  /// Throws the failure of a blob that was handed over.
  void fail(const std::exception_ptr& failure) {
    explained([&] { std::rethrow_exception(failure); });
  }

  /// Finds out what `run` would write, instead of it.
  [[nodiscard]] ImportPlan plan(Trust trust) {
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

  [[nodiscard]] TransferReport report() const {
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

 private:
  void make_plans() {
    rounds_.clear();
    placed_.emplace(*set_, placement_, options_.root_tags);
    plans_ = relocation_plan(*placed_, options_);
    for (const RepositoryPlan& plan : plans_) {
      if (!repositories_.contains(plan.name)) repositories_.try_emplace(plan.name, open_(plan.name));
    }
  }

  void explained(const std::function<void()>& work) {
    try {
      work();
    } catch (Error& error) {
      if (error.code() == ErrorCode::Interrupted || error.code() == ErrorCode::Network) error.hint(resume_hint());
      throw;
    }
  }

  void find_missing(Trust trust) {
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
    if (plans_.size() > 1) add_owners(plans_, owners);  // of a single one, all are its own
    for (RepositoryRound& round : rounds_) round.find_blobs(owners);
    prove_left_out(rounds_, *set_, owners, open_, context_);
    blobs_ = {};
    for (const RepositoryRound& round : rounds_) {
      const BlobsToWrite found = round.blobs_to_write();
      blobs_.count += found.count;
      blobs_.bytes += found.bytes;
    }
  }

  void write_missing() {
    write_blobs();
    if (!is_up_to_date_) write_images();
    each(&RepositoryRound::prove_all);
    context_.progress->event("Tagging images");
    if (!is_up_to_date_) each(&RepositoryRound::put_root_tags);
  }

  void write_images() {
    context_.progress->phase("writing manifests", 0);
    each(&RepositoryRound::write_images);
    each(&RepositoryRound::put_attaching_tags);
    each(&RepositoryRound::prove_images);  // after the signatures: a policy may deny reading unsigned images
    const std::size_t steps = plans_.empty() ? 0 : plans_.front().locations.size();
    for (std::size_t step = 0; step < steps; ++step) {
      each([step](RepositoryRound& round) { round.put_locations(step); });
    }
  }

  /// What several repositories have travels once: one gets it, and the others mount it from there.
  void write_blobs() {
    const std::string phase = text::cat("writing ", blobs_.count, " blobs to ", names());
    if (blobs_.count > 0) context_.progress->phase(phase, blobs_.bytes);
    each(&RepositoryRound::write_own_blobs);
    each(&RepositoryRound::write_shared_blobs);
  }

  [[nodiscard]] bool has_all() {
    std::atomic<bool> all = true;
    each([&](RepositoryRound& round) {
      if (all && !round.has_all()) all = false;
    });
    return all;
  }

  /// Takes a step in all repositories, in several at a time.
  template <typename Step>
  void each(const Step& step) {
    if (rounds_.size() == 1) return std::invoke(step, rounds_.front());
    run_parallel_or_throw(context_.jobs, rounds_.size(), context_.stop,
                          [&](std::size_t i, const std::stop_token&) { std::invoke(step, rounds_[i]); });
  }

  /// A hint about the state that a failed run leaves for the next one.
  [[nodiscard]] std::string resume_hint() const {
    std::size_t there = 0, blobs = 0, manifests = 0;
    for (const RepositoryRound& round : rounds_) there += round.blobs_there();
    for (const RepositoryPlan& plan : plans_) blobs += plan.blobs.size();
    for (const auto& [name, repository] : repositories_) manifests += repository.tally.manifests_written();
    const bool are_locations_begun = std::ranges::any_of(rounds_, &RepositoryRound::are_locations_begun);
    if (there == 0 && manifests == 0 && !are_locations_begun) return "nothing was written; run the same command again";
    return text::cat(there, " of ", blobs, " blobs are in ", names(), " now; run the same command again to continue");
  }

  void replace_indexes(const IndexesRefused& refusal) {
    if (options_.lock_output) {
      throw Error(
          ErrorCode::Refused,
          text::cat(names(), " refuses incomplete indexes, and the lock file would name one: ", refusal.message()))
          .hint("give --strip-index, which puts a smaller index that the lock file names; or transfer all platforms");
    }
    for (const AddedTag& added : options_.added_tags) {
      const SetImage& image = image_of(*set_, added);
      if (!refusal.indexes.contains(image.digest())) continue;
      throw Error(ErrorCode::Refused,
                  text::cat(names(), " refuses incomplete indexes, and ", to_string(image.reference),
                            ", which is to get the tag '", added.tag, "', is one"))
          .hint("give --strip-index, which puts a smaller index with that tag; or leave out the tag");
    }
    parts_ = without_indexes(*set_, refusal.indexes, *context_.progress);
    set_ = &*parts_;
    make_plans();
  }

  const ImageSet* set_;            ///< what is moved: the given set or `parts_`
  std::size_t absent_children_;    ///< of the given set
  std::optional<ImageSet> parts_;  ///< the set with refused indexes replaced by their parts
  const Placement& placement_;
  const OpenDestination& open_;
  const RelocateOptions& options_;
  const Context& context_;
  BlobPlaces elsewhere_;  ///< blobs that an earlier destination in the registry gets
  std::optional<PlacedSet> placed_;
  std::vector<RepositoryPlan> plans_;
  std::map<RepositoryName, CountedRepository> repositories_;
  std::deque<RepositoryRound> rounds_;  ///< the current round, one for each of `plans_`
  bool is_up_to_date_ = false;          ///< in this round: all tags are right
  BlobsToWrite blobs_ = {};             ///< of this round
};

Trust trust_in(Round round, const RelocateOptions& options) {
  return options.recheck || round == Round::Repair ? Trust::Nothing : Trust::Tags;
}

/// One of several destinations.
struct Branch {
  Branch(const ImageSet& set, const RelocationJob& of, const Context& context)
      : job(of), relocation(set, of.placement, of.open, of.options, context) {}

  /// Does a part of the work, unless an earlier one has failed.
  void attempt(const std::function<void()>& work, Progress& progress) {
    if (failure) return;
    try {
      work();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::Interrupted) throw;
      failure = error;
      progress.warn(text::cat(relocation.names(), " failed, the other destinations go on: ", error.message()));
    }
  }

  const RelocationJob& job;
  Relocation relocation;
  std::optional<Error> failure = {};
};

std::vector<std::exception_ptr> put_blobs(const std::vector<std::vector<BlobToPut>>& blobs, const Context& context,
                                          const BlobPass& pass) {
  try {
    return pass ? pass(blobs) : put_in_one_pass(blobs, context);
  } catch (Error& error) {
    error.hint("run the same command again to continue: what has arrived is not written twice");
    throw;
  }
}

void put_shared_blobs(std::deque<Branch>& branches, const Context& context, const BlobPass& pass) {
  std::vector<Branch*> live;
  std::vector<std::vector<BlobToPut>> blobs;
  for (Branch& branch : branches) {
    if (branch.failure) continue;
    live.push_back(&branch);
    blobs.push_back(branch.relocation.hand_over_blobs());
  }
  const auto failures = put_blobs(blobs, context, pass);
  if (pass) {
    for (Branch* branch : live) branch->relocation.read_shared_blobs_back();
  }
  for (std::size_t i = 0; i < live.size(); ++i) {
    if (failures[i]) live[i]->attempt([&] { live[i]->relocation.fail(failures[i]); }, *context.progress);
  }
}

}  // namespace

ImportPlan plan_relocation(const ImageSet& set, const Placement& placement, const OpenDestination& open,
                           const RelocateOptions& options, const Context& context) {
  check_digests(set);
  return Relocation(set, placement, open, options, context).plan(trust_in(Round::First, options));
}

TransferReport relocate(const ImageSet& set, const Placement& placement, const OpenDestination& open,
                        const RelocateOptions& options, const Context& context, const BlobPass& pass) {
  check_digests(set);
  Relocation relocation(set, placement, open, options, context);
  run_with_repairs(relocation.names(), context, [&](Round round) {
    if (round == Round::First && pass) return relocation.run_in_one_pass(trust_in(round, options), pass);
    relocation.run(trust_in(round, options));
  });
  return relocation.report();
}

std::vector<DestinationReport> relocate_to_all(const ImageSet& set, const std::vector<RelocationJob>& jobs,
                                               const Context& context, const BlobPass& pass) {
  check_digests(set);
  std::deque<Branch> branches;
  for (const RelocationJob& job : jobs) branches.emplace_back(set, job, context);
  std::map<std::string, BlobPlaces> places;  // by registry
  for (Branch& branch : branches) {
    const auto find = [&] {
      BlobPlaces& known = places[branch.relocation.registry()];
      branch.relocation.mount_from(known);
      branch.relocation.find(trust_in(Round::First, branch.job.options));
      branch.relocation.add_places(known);
    };
    branch.attempt(find, *context.progress);
  }
  put_shared_blobs(branches, context, pass);
  std::vector<DestinationReport> reports;
  for (Branch& branch : branches) {
    Relocation& relocation = branch.relocation;
    branch.attempt(
        [&] {
          run_with_repairs(relocation.names(), context, [&](Round round) {
            if (round == Round::First && relocation.write()) return;
            relocation.run(trust_in(round, branch.job.options));
          });
        },
        *context.progress);
    reports.push_back({.report = relocation.report(), .failure = branch.failure});
  }
  return reports;
}

}  // namespace ociferry
