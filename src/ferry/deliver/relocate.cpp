#include "ferry/deliver/relocate.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "ferry/deliver/added_tags.hpp"
#include "ferry/deliver/refused_indexes.hpp"
#include "ferry/deliver/relocation_plan.hpp"
#include "ferry/deliver/repair.hpp"
#include "ferry/deliver/repository_round.hpp"
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

/// The first repository of each blob; empty if there is only one for all.
BlobPlaces owners_of(const std::vector<RepositoryPlan>& plans) {
  BlobPlaces owners;
  if (plans.size() < 2) return owners;
  for (const RepositoryPlan& plan : plans) {
    for (const Graph::BlobNode* blob : plan.blobs) owners.try_emplace(blob->descriptor.digest, plan.name);
  }
  return owners;
}

/// Runs rounds over all repositories until they have everything.
class Relocation {
 public:
  Relocation(const ImageSet& set, const Placement& placement, const OpenDestination& open,
             const RelocateOptions& options, const Context& context)
      : set_(&set), placement_(placement), open_(open), options_(options), context_(context) {
    make_plans();
  }

  [[nodiscard]] std::string names() const { return names_of(plans_); }

  /// Relocates the set. If a destination refuses incomplete indexes, replaces them by their parts and starts again.
  void run(Trust trust) {
    for (;;) {
      try {
        return run_round(trust);
      } catch (const IndexesRefused& refusal) {
        replace_indexes(refusal);
      }
    }
  }

  /// Finds out what `run` would write, instead of it.
  [[nodiscard]] ImportPlan plan(Trust trust) {
    const TransferReport counts = report();
    ImportPlan plan{.images = counts.images,
                    .bundles = counts.bundles,
                    .referrers = counts.referrers,
                    .names = counts.names,
                    .skipped = counts.skipped};
    begin_round(trust);
    static_cast<void>(find_out(trust));
    static_cast<void>(find_blobs());
    plan.repositories.resize(rounds_.size());
    run_parallel_or_throw(context_.jobs, rounds_.size(), context_.stop,
                          [&](std::size_t i, const std::stop_token&) { plan.repositories[i] = rounds_[i].forecast(); });
    return plan;
  }

  [[nodiscard]] TransferReport report() const {
    TransferReport report{.images = set_->images().size(), .skipped = skipped_layers(*set_)};
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

  void begin_round(Trust trust) {
    rounds_.clear();
    for (const RepositoryPlan& plan : plans_) {
      rounds_.emplace_back(plan, set_->graph(), repositories_.at(plan.name), trust, options_, context_);
    }
  }

  void run_round(Trust trust) {
    begin_round(trust);
    try {
      move(trust);
    } catch (Error& error) {
      if (error.code() == ErrorCode::Interrupted || error.code() == ErrorCode::Network) error.hint(resume_hint());
      throw;
    }
  }

  void move(Trust trust) {
    context_.progress->event(text::cat("importing ", set_->images().size(), " images..."));
    if (!find_out(trust)) {
      write_blobs();  // non-distributable layers, which no tag promises
      each(&RepositoryRound::prove_all);
      context_.progress->event("Tagging images");
      return;
    }
    write_blobs();
    context_.progress->phase("writing manifests", 0);
    each(&RepositoryRound::write_images);
    each(&RepositoryRound::put_attaching_tags);
    each(&RepositoryRound::prove_images);  // after the signatures: a policy may deny reading unsigned images
    const std::size_t steps = plans_.empty() ? 0 : plans_.front().locations.size();
    for (std::size_t step = 0; step < steps; ++step) {
      each([step](const RepositoryRound& round) { round.write_locations(step); });
    }
    each(&RepositoryRound::prove_all);
    context_.progress->event("Tagging images");
    each(&RepositoryRound::put_root_tags);
  }

  /// Finds the images that are missing. False if all tags are up to date.
  [[nodiscard]] bool find_out(Trust trust) {
    context_.progress->phase("checking what the destination has", 0);
    if (trust == Trust::Tags && has_all()) return false;
    if (options_.keep_tags) each(&RepositoryRound::refuse_moves);
    each(&RepositoryRound::find_missing);
    return true;
  }

  /// What several repositories have travels once: one gets it, and the others mount it from there.
  [[nodiscard]] BlobsToWrite find_blobs() {
    const BlobPlaces owners = owners_of(plans_);
    BlobsToWrite all;
    for (RepositoryRound& round : rounds_) {
      const BlobsToWrite found = round.find_blobs(owners);
      all.count += found.count;
      all.bytes += found.bytes;
    }
    return all;
  }

  void write_blobs() {
    const BlobsToWrite all = find_blobs();
    if (all.count == 0) return;
    context_.progress->phase(text::cat("writing ", all.count, " blobs to ", names()), all.bytes);
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
    std::size_t there = 0;
    std::size_t blobs = 0;
    std::size_t manifests = 0;
    for (const RepositoryRound& round : rounds_) there += round.blobs_there();
    for (const RepositoryPlan& plan : plans_) blobs += plan.blobs.size();
    for (const auto& [name, repository] : repositories_) manifests += repository.tally.manifests_written();
    if (there == 0 && manifests == 0) return "nothing was written; run the same command again";
    return text::cat(there, " of ", blobs, " blobs are in ", names(), " now; run the same command again to continue");
  }

  void replace_indexes(const IndexesRefused& refusal) {
    if (options_.lock_output) {
      throw Error(
          ErrorCode::Refused,
          text::cat(names(), " refuses incomplete indexes, and the lock file would name one: ", refusal.message()))
          .hint("leave out --lock-output: then the images of the index are put without it");
    }
    for (const AddedTag& added : options_.added_tags) {
      const SetImage& image = image_of(*set_, added);
      if (!refusal.indexes.contains(image.digest())) continue;
      throw Error(ErrorCode::Refused,
                  text::cat(names(), " refuses incomplete indexes, and ", to_string(image.reference),
                            ", which is to get the tag '", added.tag, "', is one"))
          .hint("leave out that tag: then the images of the index are put without it");
    }
    parts_ = without_indexes(*set_, refusal.indexes, *context_.progress);
    set_ = &*parts_;
    make_plans();
  }

  const ImageSet* set_;            ///< what is moved: the given set or `parts_`
  std::optional<ImageSet> parts_;  ///< the set with refused indexes replaced by their parts
  const Placement& placement_;
  const OpenDestination& open_;
  const RelocateOptions& options_;
  const Context& context_;
  std::optional<PlacedSet> placed_;
  std::vector<RepositoryPlan> plans_;
  std::map<RepositoryName, CountedRepository> repositories_;
  std::deque<RepositoryRound> rounds_;  ///< the current round, one for each of `plans_`
};

}  // namespace

ImportPlan plan_relocation(const ImageSet& set, const Placement& placement, const OpenDestination& open,
                           const RelocateOptions& options, const Context& context) {
  check_digests(set);
  return Relocation(set, placement, open, options, context).plan(options.recheck ? Trust::Nothing : Trust::Tags);
}

TransferReport relocate(const ImageSet& set, const Placement& placement, const OpenDestination& open,
                        const RelocateOptions& options, const Context& context) {
  check_digests(set);
  Relocation relocation(set, placement, open, options, context);
  run_with_repairs(relocation.names(), context, [&](Round round) {
    relocation.run(options.recheck || round == Round::Repair ? Trust::Nothing : Trust::Tags);
  });
  return relocation.report();
}

}  // namespace ociferry
