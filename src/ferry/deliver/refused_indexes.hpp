#pragma once

#include <set>

#include "ferry/deliver/destination.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/error.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

// What a destination does not take although nothing is wrong with it.

/// Thrown when manifests are put: the destination refuses these indexes, because some of their children are absent.
class IndexesRefused : public Error {
 public:
  IndexesRefused(const Error& reason, std::set<Digest> which) : Error(reason), indexes(std::move(which)) {}
  std::set<Digest> indexes;
};

/// True if `error`, from putting `index`, can only be caused by the absent children of the index: checks that the
/// destination has all others. Blocks on `to`.
[[nodiscard]] bool is_for_absence(const Error& error, const Graph& graph, const Digest& index, const Destination& to);

/// `set` for a destination that does not take the indexes `refused`: whatever is whole of them, or of an index above
/// them, stands in their place, and `progress` is told so. One such image gets the tags of the index; of several each
/// gets them with its platform ("v1-linux-arm64"). Throws Error{Refused} if an index cannot be left out, since it is
/// needed by its digest.
[[nodiscard]] ImageSet without_indexes(const ImageSet& set, const std::set<Digest>& refused, Progress& progress);

/// Throws Error{Refused} if a manifest of `set` has a digest algorithm that registries do not accept, before anything
/// is written.
void check_digests(const ImageSet& set);

}  // namespace ociferry
