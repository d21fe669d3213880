#pragma once

#include <vector>

#include "store/store.hpp"

namespace ociferry {

/// The referrers of `subject` listed at its `referrers_tag` in `place`, for registries without the referrers API; empty
/// if there is no list. Throws Error.
[[nodiscard]] std::vector<Descriptor> listed_at_tag(Resolver& place, const Digest& subject);

}  // namespace ociferry
