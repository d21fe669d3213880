#include "ferry/deliver/relocate.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "ferry/deliver/relocation.hpp"
#include "ferry/deliver/repair.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

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
