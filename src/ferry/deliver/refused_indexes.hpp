#pragma once

#include <set>

#include "ferry/deliver/destination.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/error.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

// Handles valid manifests that a destination refuses.

/// Thrown when manifests are put: the destination refuses these indexes, because some of their children are absent.
class IndexesRefused : public Error {
 public:
  IndexesRefused(const Error& reason, std::set<Digest> which) : Error(reason), indexes(std::move(which)) {}
  std::set<Digest> indexes;
};

/// True if `error`, from putting `index`, can only be caused by absent children: checks that the destination has all
/// other children. Blocks on `to`.
[[nodiscard]] bool is_for_absence(const Error& error, const Graph& graph, const Digest& index, const Destination& to);

/// Replaces the indexes `refused`, and those above them, by the complete images below them, and warns about it. A
/// single image gets the tags of its index; several get tags with their platforms ("v1-linux-arm64"). Throws
/// Error{Refused} if something refers to such an index by its digest.
[[nodiscard]] ImageSet without_indexes(const ImageSet& set, const std::set<Digest>& refused, Progress& progress);

}  // namespace ociferry
