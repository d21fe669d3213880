#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "ferry/gather/sources.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"
#include "store/store.hpp"

namespace ociferry {

/// Opens a repository for reading; called from many threads.
using OpenSource = std::function<std::shared_ptr<ImageSource>(const RepositoryName&)>;

/// Finds all images of `roots`: nested bundles to any depth, each digest once, indexes with all their children.
/// ARCHITECTURE.md, "Where is an image?", describes the search. Fetches manifests, configurations and lock files, but
/// no layers. Throws Error{Incomplete} listing all missing images, after all others were read.
[[nodiscard]] ImageSet discover(const std::vector<Root>& roots, const OpenSource& open_source,
                                const GatherOptions& gather, const Context& context);

}  // namespace ociferry
