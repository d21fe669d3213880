#pragma once

#include <vector>

#include "store/store.hpp"

namespace ociferry {

/// The list of what is attached to one manifest by `subject` that `place` keeps at its `referrers_tag`, for want of the
/// referrers API; empty if there is none. Throws Error if asking fails.
[[nodiscard]] std::vector<Descriptor> listed_at_tag(Resolver& place, const Digest& subject);

}  // namespace ociferry
