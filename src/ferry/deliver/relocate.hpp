#pragma once

#include <optional>
#include <vector>

#include "ferry/deliver/blob_pass.hpp"
#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/placement.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/several.hpp"

namespace ociferry {

/// Puts each image of `set` into its repository by `placement`. The order makes the roots' tags the commit point:
/// blobs, child manifests, images, indexes and bundles, locations images at their bundles' tags, then the roots' tags,
/// one by one. A failure before those changes none of them; Progress::moved reports each tag that was moved. Content
/// that exists is not written again. What was written is read back before the roots' tags, as far as `options.proof`
/// says. If a repository has lost content that its tags promise, every blob is checked and the relocation repeated, at
/// most twice (`run_with_repairs`); the report counts all rounds. An existing locations image that cannot be replaced
/// but lists the same images is kept, with a warning. With `pass`, that puts the blobs of the first round. Throws
/// Error.
TransferReport relocate(const ImageSet& set, const Placement& placement, const OpenDestination& open,
                        const RelocateOptions& options, const Context& context, const BlobPass& pass = {});

/// What `relocate` would write, found out as it does, but without writing anything. Throws Error, as `relocate` would
/// before its first write. Blocks.
[[nodiscard]] ImportPlan plan_relocation(const ImageSet& set, const Placement& placement, const OpenDestination& open,
                                         const RelocateOptions& options, const Context& context);

/// One of several destinations of the same images.
struct RelocationJob {
  Placement placement;
  OpenDestination open;
  RelocateOptions options;
};

/// Does the same for several destinations. All blobs are put in one pass over the source, so that each is read once;
/// one that an earlier job puts into the same registry is mounted from there afterwards. Then the destinations get
/// their manifests and tags one after the other. One that fails does not stop the others. Returns a report for each
/// job, in their order. Throws Error{Usage} for placements that cannot be, before anything is written, and
/// Error{Interrupted}. `pass`: takes the place of that one pass.
[[nodiscard]] std::vector<DestinationReport> relocate_to_all(const ImageSet& set,
                                                             const std::vector<RelocationJob>& jobs,
                                                             const Context& context, const BlobPass& pass = {});

}  // namespace ociferry
