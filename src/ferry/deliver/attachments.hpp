#pragma once

#include <set>

#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"
#include "store/store.hpp"

namespace ociferry {

/// Those of `manifests` (of `set`) that have a `subject`, but that `place` does not list as attached to it.
[[nodiscard]] std::set<Digest> unlisted(const ImageSet& set, const std::set<Digest>& manifests, Resolver& place,
                                        const Context& context);

/// Proves that all in `set` that is attached to something can be found from there in the repository `name`, which
/// `target` and `place` stand for: by its tags, or in the list of its subject.
/// Throws Error{Unstable} with all that cannot.
void check_attached_at(const ImageSet& set, const RepositoryName& name, Tagger& target, Resolver& place,
                       const Context& context);

}  // namespace ociferry
