#pragma once

#include "ferry/gather/discover.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Implements `describe` with the repositories that `open_source` opens.
[[nodiscard]] DescribedImage describe_bundle(const DescribeOptions& options, const OpenSource& open_source,
                                             const Context& context);

}  // namespace ociferry
