#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/relocation_plan.hpp"
#include "ferry/deliver/tag_writer.hpp"

namespace ociferry {

/// What an up-to-date tag at the destination proves.
enum class Trust {
  Tags,     ///< everything below it exists, since tags are put last
  Nothing,  ///< nothing: the destination may have lost blobs since
};

/// When the destination's list of tags is asked for, rather than each tag.
enum class ListTags {
  OfMany,  ///< if that certainly needs fewer requests
  OfAll,   ///< also for two tags: a repository of one image has few others, or does not exist yet
};

/// The part of a plan that a destination lacks.
struct Missing {
  std::vector<const SetImage*> images = {};     ///< blobs may be missing
  std::set<Digest> manifests = {};              ///< images without their tag
  std::map<std::string, TagState> others = {};  ///< those of their tags that point to another digest
  /// Manifests below indexes that exist already, although others below the same index are missing, or the index was
  /// refused in an earlier run.
  std::set<Digest> there = {};
};

/// For blobs of several repositories, the one that this run puts them into first.
using BlobPlaces = std::map<Digest, RepositoryName>;

/// The manifests that must be put, in the steps of the plan. A pure function.
[[nodiscard]] std::vector<PlannedStep> missing_steps(const RepositoryPlan& plan, const Graph& graph,
                                                     const Missing& missing);

/// The blobs of the plan that must be put: those of the missing images, and those that no tag promises (layers that may
/// not be redistributed) of all images. One with another repository in `owners` is mounted from there; one of an
/// archive may be mounted from the repository that its image is named by. Both only within the destination's registry.
/// A pure function.
[[nodiscard]] std::vector<Graph::BlobNode> missing_blobs(const RepositoryPlan& plan, const Graph& graph,
                                                         const Missing& missing, const BlobPlaces& owners = {});

/// Finds what a destination lacks, with as few requests as possible. Blocks on the destination; throws Error.
class MissingFinder {
 public:
  /// The arguments must outlive it.
  MissingFinder(const RepositoryPlan& plan, const Graph& graph, const Destination& to, Trust trust,
                const Context& context, ListTags lists = ListTags::OfMany)
      : plan_(plan), graph_(graph), to_(to), trust_(trust), context_(context), lists_(lists) {}

  /// True if the tags that are put last are all up to date.
  [[nodiscard]] bool has_all();
  /// Throws Error{Refused} if a tag would have to be moved.
  void refuse_moves();
  /// Also asks for the tags `ahead`, which are not the plan's own, for `ask_once`.
  [[nodiscard]] Missing find(const std::vector<PlannedManifest>& ahead = {});
  /// True if `tag` is known to have been absent before anything was written.
  [[nodiscard]] bool was_absent(const PlannedManifest& tag) const;
  /// Notes that `tag` was put since, so that `ask` asks for it.
  void note_put(const PlannedManifest& tag);
  /// The states of `tags` at the destination, in order.
  [[nodiscard]] std::vector<TagState> ask(const std::vector<PlannedManifest>& tags) const;
  /// The same as they were when they were first asked for.
  [[nodiscard]] std::vector<TagState> ask_once(const std::vector<PlannedManifest>& tags);

 private:
  [[nodiscard]] std::size_t pages_of_tags() const;
  [[nodiscard]] std::vector<PlannedManifest> first_questions() const;
  [[nodiscard]] bool may_be_there(const PlannedManifest& tag) const;
  [[nodiscard]] TagState state_of(const PlannedManifest& tag) const;
  [[nodiscard]] std::map<Digest, bool> ask_below(const std::vector<const SetImage*>& images) const;
  [[nodiscard]] std::set<Digest> there_below_partial(const std::vector<const SetImage*>& images) const;
  [[nodiscard]] bool has_all_below(const std::vector<const SetImage*>& images) const;
  void add_incomplete(const std::vector<const SetImage*>& tagged, Missing& missing) const;
  [[nodiscard]] std::set<Digest> unlisted_in(const std::vector<const SetImage*>& images) const;

  const RepositoryPlan& plan_;
  const Graph& graph_;
  const Destination& to_;
  Trust trust_;
  const Context& context_;
  ListTags lists_;
  /// The destination's tags before anything was written, sorted, if known; and those put since that `ask` asks for.
  std::optional<std::vector<std::string>> listed_;
  std::map<std::string, TagState> asked_;  ///< single tags, as they were when they were first asked for
};

}  // namespace ociferry
