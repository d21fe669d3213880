#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/locations_writer.hpp"
#include "ferry/deliver/missing.hpp"
#include "ferry/deliver/relocation_plan.hpp"
#include "ferry/deliver/shared_pass.hpp"
#include "ferry/deliver/tally.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"

namespace ociferry {

/// A repository that a relocation writes to, with counts over all rounds.
struct CountedRepository {
  explicit CountedRepository(const Destination& to)
      : tally(to.target), counted{.name = to.name, .target = tally, .source = to.source} {}
  Tally tally;
  Destination counted;
};

/// How much a round writes.
struct BlobsToWrite {
  std::size_t count = 0;
  std::uint64_t bytes = 0;
};

/// The steps of one round of a relocation in one repository; `relocate` calls them in order. All block on the
/// repository and throw Error.
class RepositoryRound {
 public:
  /// The arguments must outlive it.
  RepositoryRound(const RepositoryPlan& plan, const Graph& graph, CountedRepository& repository, Trust trust,
                  const RelocateOptions& options, const Context& context);

  [[nodiscard]] const RepositoryName& name() const { return plan_.name; }
  [[nodiscard]] const Destination& to() const { return to_; }
  [[nodiscard]] bool has_all() { return finder_.has_all(); }
  void refuse_moves() { finder_.refuse_moves(); }
  /// Where answers take long, also asks for what certainly will be asked, side by side.
  void find_missing();
  /// Finds the blobs that must be written. `owners`: for blobs of several repositories, the one that gets them first.
  void find_blobs(const BlobPlaces& owners);
  /// Those of the blobs to be written that the archives leave out. They live until they are written or settled.
  [[nodiscard]] std::vector<Graph::BlobNode*> left_out();
  /// Notes that the repository has `blobs`: they are not written. Call it after `find_blobs`.
  void mark_present(const std::set<Digest>& blobs);
  /// What `write_own_blobs` and `write_shared_blobs` will write.
  [[nodiscard]] BlobsToWrite blobs_to_write() const;
  /// Where answers take long, also those of locations images that are certainly written; they count as none of them.
  void write_own_blobs();
  /// Adds the blobs that `write_own_blobs` would write, which leaves them to the caller then. They live as long as this
  /// round.
  void hand_over_own_blobs(std::vector<BlobToPut>& blobs);
  /// From now on, reads the blobs that other repositories own from these, instead of where they came from.
  void read_shared_blobs_from(const std::function<BlobSource&(const RepositoryName& owner)>& source_of);
  /// Mounts blobs from their owners, which have theirs.
  void write_shared_blobs();
  /// What the steps that write would write, instead of them. Call it after `find_blobs`.
  [[nodiscard]] PlannedRepository forecast() const;
  /// Where answers take long, also locations images that are certainly written, under their own tags.
  void write_images();
  void put_attaching_tags() { put_tags(finder_.ask(plan_.attaching_tags)); }
  /// Where answers take long, also finds the locations images that must be written first.
  void prove_images();
  /// `step` is an index into the plan's locations. Confirms those of the step before.
  void put_locations(std::size_t step);
  void prove_all();
  /// Only once all locations are confirmed.
  void put_root_tags();

  /// True if blobs were put that are not among the plan's.
  [[nodiscard]] bool are_locations_begun() const noexcept { return are_locations_begun_; }
  /// The number of the plan's blobs that this round knows to be in the repository.
  [[nodiscard]] std::size_t blobs_there() const { return there_before_ + tally_.arrived(); }
  /// The number of blobs that existed before this run.
  [[nodiscard]] std::size_t blobs_existed() const { return untouched_ + marked_present_ + tally_.blobs_existed(); }
  [[nodiscard]] std::size_t blobs_proved() const noexcept { return proved_; }

 private:
  [[nodiscard]] std::vector<const Graph::BlobNode*> largest_blobs() const;
  void write(std::vector<Graph::BlobNode> nodes, BlobTarget& target);
  void find_locations(std::size_t step);
  void confirm_locations();
  void put_tags(const std::vector<TagState>& tags) const;

  const RepositoryPlan& plan_;
  const Graph& graph_;
  const Destination& to_;
  Tally& tally_;
  Trust trust_;
  const RelocateOptions& options_;
  const Context& context_;
  MissingFinder finder_;
  Missing missing_;
  std::vector<Graph::BlobNode> own_;
  std::vector<Graph::BlobNode> handed_over_;
  std::vector<Graph::BlobNode> shared_;
  /// Where answers take long, those that are certainly written: their marks were absent. Their blobs and own tags are
  /// put ahead.
  std::vector<const PlannedLocations*> certain_locations_;
  /// To be written, of each step that was asked about.
  std::vector<std::optional<std::vector<NewLocations>>> locations_;
  std::vector<PlannedManifest> unconfirmed_;  ///< tags of locations images that were put
  bool are_locations_begun_ = false;          ///< some of their blobs may be there, which are not counted
  std::vector<PlannedStep> written_;          ///< the manifests that this round has put
  std::size_t there_before_ = 0;              ///< blobs of images that exist already
  std::size_t untouched_ = 0;                 ///< those of them that no earlier round has put
  std::size_t marked_present_ = 0;            ///< blobs that `mark_present` was told
  std::size_t proved_ = 0;
};

}  // namespace ociferry
