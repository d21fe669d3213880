#pragma once

#include <vector>

#include "store/store.hpp"

namespace ociferry {

/// The list of what is attached to one manifest by `subject` that `place` keeps at its `referrers_tag`, if it has no
/// referrers API; empty if there is none. Throws Error.
[[nodiscard]] std::vector<Descriptor> listed_at_tag(Resolver& place, const Digest& subject);

}  // namespace ociferry
