#pragma once

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/placement.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Puts each image of `set` into the repository that `placement` says, in the order that makes the tag the commit
/// point: blobs; when every one of them has proved right, child manifests, images and indexes, bundles; a locations
/// image for each bundle; the roots' tags. What a repository has already is not written again, so a second run writes
/// nothing; what was written is asked for again, and proved as far as `options.proof` says, before the roots' tags. A
/// repository that turns out to have lost what its tags promise is asked for every blob, twice at most
/// (`run_with_repairs`); the report counts what all rounds have written. A locations image that cannot be replaced, but
/// serves as well, is left with a warning. Throws Error. The tags of the roots are put last, one by one: a
/// failure before that changes none of them, and Progress::moved reports each tag that was moved. No locations image is
/// written before all manifests are there.
TransferReport relocate(const ImageSet& set, const Placement& placement, const OpenDestination& open,
                        const RelocateOptions& options, const Context& context);

}  // namespace ociferry
