#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ferry/deliver/blob_pass.hpp"
#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/missing.hpp"
#include "ferry/deliver/placement.hpp"
#include "ferry/deliver/refused_indexes.hpp"
#include "ferry/deliver/relocation_plan.hpp"
#include "ferry/deliver/repository_round.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"

namespace ociferry {

/// The relocation of a set into all of its repositories, round by round until they have everything. All steps block
/// and throw Error.
class Relocation {
 public:
  /// The arguments must outlive it. Throws Error{Usage}.
  Relocation(const ImageSet& set, const Placement& placement, const OpenDestination& open,
             const RelocateOptions& options, const Context& context);
  Relocation(const Relocation&) = delete;
  Relocation& operator=(const Relocation&) = delete;
  ~Relocation() = default;

  /// The repositories, for messages.
  [[nodiscard]] std::string names() const;
  /// From now on, mounts blobs of `places` from there, where they arrive before `write`.
  void mount_from(BlobPlaces places) { elsewhere_ = std::move(places); }
  /// Adds where this run puts each blob first.
  void add_places(BlobPlaces& places) const;
  /// The one registry of all its repositories.
  [[nodiscard]] std::string registry() const;

  /// Relocates the set. If a destination refuses incomplete indexes, replaces them by their parts and starts again.
  void run(Trust trust);
  /// The same where `pass` puts the blobs, whose source can be read in one order only.
  void run_in_one_pass(Trust trust, const BlobPass& pass);
  /// The first half of a round: finds out what the destination lacks.
  void find(Trust trust);
  /// The second half. False if the round has to be begun again, with other images.
  [[nodiscard]] bool write();
  /// The blobs that `write` would put, except for those that are mounted from other repositories of the same run, and
  /// leaves them to the caller then. They live until the next round.
  [[nodiscard]] std::vector<BlobToPut> hand_over_blobs();
  /// Where a blob of several repositories cannot be mounted, it is read from the repository that has it.
  void read_shared_blobs_back();
  /// Throws the failure of a blob that was handed over.
  void fail(const std::exception_ptr& failure);
  /// Finds out what `run` would write, instead of it.
  [[nodiscard]] ImportPlan plan(Trust trust);
  [[nodiscard]] TransferReport report() const;

 private:
  void make_plans();
  void explained(const std::function<void()>& work);
  void find_missing(Trust trust);
  void write_missing();
  void write_images();
  /// What several repositories have travels once: one gets it, and the others mount it from there.
  void write_blobs();
  [[nodiscard]] bool has_all();
  /// Takes a step in all repositories, in several at a time.
  void each(const std::function<void(RepositoryRound&)>& step);
  /// A hint about the state that a failed run leaves for the next one.
  [[nodiscard]] std::string resume_hint() const;
  void replace_indexes(const IndexesRefused& refusal);

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

}  // namespace ociferry
