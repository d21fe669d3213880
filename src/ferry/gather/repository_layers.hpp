#pragma once

#include "ferry/set/baseline.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/reference.hpp"
#include "store/store.hpp"

namespace ociferry {

/// The layers of all images that the tags of a repository lead to, also below indexes. No layer is read: a repository
/// with a manifest has what it refers to, and an import proves it. What cannot be read as a manifest is left out with a
/// warning. `name`: of the repository that `source` and `tags` are. Throws Error{NotFound} if there is no such
/// repository; Error{Hostile} if it has more manifests than limits::kGraphNodes. Blocks on the repository.
[[nodiscard]] HeldBlobs layers_in(const RepositoryName& name, ImageSource& source, TagLister& tags,
                                  const Context& context);

}  // namespace ociferry
