#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/missing.hpp"
#include "ferry/deliver/repository_round.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Proves, before the first write of a relocation, that what archives leave out is at its destinations: in the
/// repository that needs it or, from where it is mounted, in another one of its registry. `rounds` have found their
/// blobs; those that are there are settled, and the others get a source. `owners`: see RepositoryRound::find_blobs.
/// Throws Error{Incomplete} with a list of what is nowhere, by image. Blocks on the registries.
void prove_left_out(std::deque<RepositoryRound>& rounds, const ImageSet& set, const BlobPlaces& owners,
                    const OpenDestination& open, const Context& context);

/// Throws Error{Incomplete}, which names `archives` and ends with `hint`, if something of `set` is nowhere, since the
/// archives are deltas.
void check_nothing_left_out(const ImageSet& set, std::string_view archives, std::string_view hint);

/// "3 layers (12 MB)", `what`, ", since it builds on ...:", and a line for each image that needs some of `blobs`.
[[nodiscard]] std::string list_left_out(const std::vector<Descriptor>& blobs, const ImageSet& set,
                                        std::string_view what = "");

}  // namespace ociferry
